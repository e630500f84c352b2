"""Set-up of the op suite: the tests' own models package is found from here."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
