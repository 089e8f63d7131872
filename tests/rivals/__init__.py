"""Other readers of handwritten numbers, measured beside this project on the same pictures."""
