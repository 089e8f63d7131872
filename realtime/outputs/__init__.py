"""Where numbers go: lines of text, tables, events, videos, recordings, and the overlay drawn over a picture."""
