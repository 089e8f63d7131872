"""Realtime: reads handwritten numbers from pixels, without torch."""
