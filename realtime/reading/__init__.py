"""Read one picture: from its pixels to the numbers in it.

In the order of `pipeline.read`: found.py finds digits by the finder's maps (finder.py) at the scales that the picture
asks for (looks.py), cuts each one's ink (digit_ink.py, crops.py) and classifies all in one batch (classifier.py,
ensemble.py). page_lines.py follows lines (rows.py), has each read as a whole by the row network (strips.py,
row_lines.py, row_reader.py, row_decoding.py), joins both readings (two_readings.py), and parts lines into numbers by
signs (line_numbers.py) and gaps (parting.py, gaps.py); fitting.py decodes anew what is not as expectation.py says
(patterns.py). A page that lies aslant is read once more as straightening.py turns it. page.py holds what was read,
reasons.py why the rest is no digit; map_picture.py shows what the finder saw, ruling.py sees the lines of tables in
that. wanted.py reads regions, parts.py cuts them out, anchor.py finds what they hold on to. runtime.py opens the
networks, model_files.py knows their places.
"""
