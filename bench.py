"""`python bench.py`: train heads on cached features and compare them; the command is `headstart/bench.py`."""

from headstart.bench import run

if __name__ == "__main__":
    run()
