"""A page in the browser and REST: read a source, or the visitor's own camera, and show it where there is no display.

station.py reads each source on a thread of its own; desk.py reads what a visitor sends, pictures and camera frames, and
obeys what is tapped; messages.py tells the page what is to be drawn. server.py has the addresses, gate.py lets in who
may come, certificate.py makes what HTTPS needs, outlets.py hands what settles on. static/ is the page.
"""
