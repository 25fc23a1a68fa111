"""`python predict.py`: label new text with a trained head; the command is `headstart/predict.py`."""

from headstart.predict import run

if __name__ == "__main__":
    run()
