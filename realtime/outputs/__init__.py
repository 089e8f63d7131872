"""Where numbers go: each output takes frames with their numbers (sink.py).

text.py writes lines and tables, events.py what settled, changed and went, grid.py lays numbers out as a table,
publishing/ sends them to other systems. overlay.py draws over a picture, labels.py places the texts where free_paper.py
sees no ink, pictures.py and video.py write what was drawn, recorder.py keeps frames to be read again. guard.py keeps
outputs from destroying what is there, lock.py two processes from writing at once; files.py writes files whole,
background_writer.py off the thread that reads.
"""
