"""Training: learns digits from pictures.

`train_digits`, `train_finder`, `train_rows`, `measure_digits`, `report_training` and the two `benchmark_` modules are
commands; each says in its first lines what it measured. `datasets` and `data` read pictures, `augment`, `allographs`
and `negatives` draw more, `train` fits a network, `finetune` fits it to one user's hand, and `scenes` draws whole
pictures with their truth.
"""
