"""The parts of tools/compare; driver.py is the way in, worker.py runs one method."""
