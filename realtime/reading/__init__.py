"""One picture to numbers: ink, crops, the digit network, rows, and the page that holds what was read."""
