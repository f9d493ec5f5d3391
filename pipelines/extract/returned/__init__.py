"""What people send back: repair sheets, questions of stewards, in whatever form they were saved.

Imports the readers of workbooks and the process that guards them; no reader of deliveries imports
this room.
"""
