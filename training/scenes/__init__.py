"""Draw pictures and clips of handwritten numbers with exact truth, from pen strokes of our own."""
