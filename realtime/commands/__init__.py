"""Give each console command a module: read a camera, photos or clips, evaluate what is read, time how fast.

console.py holds what every command shares, also those of training and export: --version, notes and exit codes.
options.py, camera.py, wanting.py and publishing.py hold the groups of options, and options.py makes the reader that
they ask for; profile.py takes options from a file; files.py reads photos and clips one by one, bulk.py on several
processes and on from where an earlier run was left.
"""
