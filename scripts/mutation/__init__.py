"""The parts of scripts/mutants.py: catalogue, bench, hunt, results, report."""
