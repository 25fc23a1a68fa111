"""The frozen encoder and its heads as estimators of scikit-learn."""
