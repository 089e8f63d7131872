"""Read one picture: from its pixels to the numbers in it.

In the order of `pipeline.read`: ink.py finds strokes (paper.py, blobs.py, ruling.py), candidates.py proposes what may
be one digit (splits.py, merges.py), crops.py lays it out for the network (classifier.py, ensemble.py, runtime.py),
segmentation.py chooses, refusal.py refuses what is no digit for one of the reasons in reasons.py (writing_odds.py),
rows.py joins digits into numbers, and page.py holds what was read. wanted.py reads regions; fitting.py decodes anew
what is not as expectation.py says (patterns.py).
"""
