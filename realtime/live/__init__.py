"""The live window: loop.py reads a source as it comes, state.py is what is set and shown, keys.py what keys do.

window.py shows the frame that screen.py composes; viewer.py is the plain window of photos and clips, and display.py
opens both. drawing.py draws regions. collecting.py keeps pictures for fine-tuning (digit_picture.py cuts them out),
promotion.py takes up a model that was fine-tuned meanwhile.
"""
