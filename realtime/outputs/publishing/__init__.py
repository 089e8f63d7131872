"""Send settled numbers to other systems, each event once and in order, however long the other side is away.

`publisher` hands events over, `spool` keeps them on disk until they are taken, `mqtt`, `webhook` and `influx` are those
who take them; `metrics` and `text_file` show the numbers that stand just now.
"""
