"""How well and how fast numbers are read: truth, scores, evaluation, benchmark, and figures that explain a reading."""
