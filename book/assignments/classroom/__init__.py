"""The lecturer's side of the problem sets: release, grade, return.

Run in the folder that holds ``source/``: ``python -m classroom --help``.
"""


class ClassroomError(Exception):
    """A mistake of whoever runs the command, said in one line."""
