"""The live window: loop.py reads a source as it comes, state.py is what is set and shown, keys.py what keys do.

window.py shows the frame that screen.py composes with the panel of panel.py, as far as view.py and the mouse (mouse.py)
have enlarged it; viewer.py shows photos and clips so, and display.py opens both. drawing.py draws regions,
collecting.py keeps pictures for fine-tuning (digit_picture.py cuts them out), promotion.py takes up a model that was
fine-tuned meanwhile.
"""
