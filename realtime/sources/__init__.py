"""Where frames come from: cameras, streams, clips, pictures, recordings.

opening.py opens whatever a user names: camera.py and live_capture.py what is live, clip.py and animation.py clips
(display_matrix.py turns them upright), pictures.py picture files, recording.py a recording. decoding.py decodes
pictures page by page (picture_bytes.py, cut_jpeg.py, pixels.py; documents.py those of PDF and HEIC), arrays.py those of
npz files. names.py shows names and addresses without secrets, quiet.py keeps decoders from the terminal, frame.py is
what all give.
"""
