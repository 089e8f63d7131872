"""Follow numbers over the frames of a source: match them, vote on their text until it has settled, and let them go.

frame_reader.py decides which frames are read and which only followed (optical_flow.py, motion.py); tracker.py matches
numbers (matching.py) and keeps a track for each (track.py, votes.py, erasure.py); tracked_frame.py holds what results.
plausibility.py holds what a meter cannot say (judgement.py).
"""
