"""Training: learns digits from pictures."""
