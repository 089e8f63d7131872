"""Measure how well and how fast numbers are read, and show why something was read as it was.

truth.py finds out what sources are known to show; scoring.py compares rows read with rows written; evaluation.py scores
whole sources, and confusion.py and contact_sheet.py show what was misread. benchmark.py times reading stage by stage,
benchmark_figures.py makes tables of it. explain.py draws the steps of one reading.
"""
