"""The live window: its loop, its state, its keys, what it shows, and the pictures kept for fine-tuning."""
