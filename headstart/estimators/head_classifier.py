"""`headstart.HeadClassifier`: a head as a classifier of scikit-learn."""

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float32, Float64, Int
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state, column_or_1d, compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length, check_is_fitted, validate_data

from headstart.cache.runtime.environment import prepare_library
from headstart.cache.runtime.errors import UserError
from headstart.cache.runtime.text import did_you_mean
from headstart.cache.task import Task
from headstart.estimators.frozen_text_encoder import TextEncoding, text_column
from headstart.heads.registry import REGISTRY, PoolingHead
from headstart.heads.spec import POOLING, HeadSpec, is_head, spec_of

if TYPE_CHECKING:
    from headstart.estimators.fitting import ArraySplit, HeadOnRows, Plan
    from headstart.extract.predict.text_vectors import Reads

EPOCH_STEPS = 16
"""Steps of an epoch that the size of a batch aims at, where rows are few."""
LARGEST_BATCH = 128


@dataclasses.dataclass(eq=False, repr=False)
class HeadClassifier(ClassifierMixin, TextEncoding, BaseEstimator):  # type: ignore[misc]
    """A head, trained with early stopping; fitted, it holds NumPy's arrays alone, and can be pickled.

    With a `backbone` it takes texts. Every distinct text is encoded once in a process, whatever folds, grids and clones
    do; of heads that read tokens, the hidden states of all texts stay in memory.

    Without one it takes rows of numbers, such as `FrozenTextEncoder` gives. A pooling head (`cls`, `max`, `avg`,
    `maxavg`) is then one linear layer on all columns, which are standardised by the training rows; other heads
    read tokens or layers, and take texts only.

    Args:
        head: Name of a head, as `bench.py --heads` takes it; `avg@3` stands on layer 3.
        epochs: Most epochs.
        learning_rate: Adam's, before any cut; None takes the head's.
        batch_size: Rows of a step; None takes from 8 to 128, the more the more rows there are.
        class_weight: None, `balanced`, or a weight for each class.
        validation_fraction: Share of the rows, of each class as many, whose loss cuts the rate, ends training and
            picks the best epoch; 0, or too few rows to leave each class one, takes the loss of the training rows.
        patience: Epochs without a lower loss that end training.
        random_state: Decides first parameters, order and validation rows.
        backbone: `minilm`, a folder, or a model's name on the Hugging Face hub; None: rows are numbers.
        max_length: Tokens kept of a text.
        clean: `notebook`, `none`, or the path of a TOML file with clean-text's options.
        compute_dtype: `auto`, `float32`, `mixed` or `bfloat16`, see `python -m extract --help`.
        cache_dir: Folder that keeps vectors for other processes.

    Attributes:
        classes_: The classes, sorted.
        params_: Parameters of the best epoch.
        history_: For each epoch the losses and accuracies of training and validation, and the learning rate.
        n_iter_: Epochs that ran.
        best_epoch_: The one whose parameters were kept, counted from 1.
        n_features_in_: Columns of the rows of numbers.
    """

    head: str = "avg"
    epochs: int = dataclasses.field(default=100, kw_only=True)
    learning_rate: float | None = dataclasses.field(default=None, kw_only=True)
    batch_size: int | None = dataclasses.field(default=None, kw_only=True)
    class_weight: str | Mapping[Any, float] | None = dataclasses.field(default=None, kw_only=True)
    validation_fraction: float = dataclasses.field(default=0.1, kw_only=True)
    patience: int = dataclasses.field(default=5, kw_only=True)
    random_state: Any = dataclasses.field(default=0, kw_only=True)

    def fit(self, X: Any, y: Any) -> "HeadClassifier":  # noqa: N803  (scikit-learn's name)
        """Train the head.

        Args:
            X: Texts; or without a backbone rows of numbers, `[b, f]`.
            y: Class of each row: strings, numbers or whatever can be sorted.

        Raises:
            ValueError: rows, labels or a parameter are not what they have to be.
        """
        self._check_parameters()
        rows, labels = self._training_rows(X, y)
        self.classes_, numbers = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(
                f"all rows have one class, {self.classes_.tolist()[0]!r}; at least two classes are needed"
            )
        try:
            self._fit(rows, numbers.astype(np.int32))
        except UserError as error:
            raise ValueError(str(error)) from None
        return self

    def predict(self, X: Any) -> np.ndarray:  # noqa: N803
        """The most probable class of each row."""
        logits = self._logits(X)
        numbers = (logits[:, 0] > 0).astype(int) if logits.shape[1] == 1 else logits.argmax(axis=1)
        predicted: np.ndarray = self.classes_[numbers]
        return predicted

    def predict_proba(self, X: Any) -> Float64[np.ndarray, "b c"]:  # noqa: N803
        """Probability of each class, in the order of `classes_`."""
        from scipy.special import expit, softmax

        logits = self._logits(X)
        if logits.shape[1] > 1:
            return np.asarray(softmax(logits, axis=1))
        return np.asarray(expit(np.concatenate([-logits, logits], axis=1)))

    def decision_function(self, X: Any) -> Float64[np.ndarray, " b *k"]:  # noqa: N803
        """The head's logits: of the second of two classes, `[b]`, or of each class."""
        logits = self._logits(X)
        return logits[:, 0] if logits.shape[1] == 1 else logits

    def _fit(self, rows: Any, numbers: Int[np.ndarray, " b"]) -> None:
        prepare_library()
        from headstart.estimators.fitting import fit

        random = check_random_state(self.random_state)
        vectors, head = self._vectors(rows), self._head_on_rows()
        splits = self._splits(vectors, numbers, head, random)
        fitted = fit(head, splits, self._plan(numbers, len(splits["train"].labels), random))
        self.params_, self.history_, self.best_epoch_ = fitted
        self.n_iter_ = len(fitted.history)

    def _plan(self, numbers: Int[np.ndarray, " b"], training: int, random: Any) -> "Plan":
        from headstart.estimators.fitting import Plan
        from headstart.train.engine.settings import TrainingSettings
        from headstart.train.stopping import EarlyStopping

        fitting = 1 << max(training // EPOCH_STEPS, 1).bit_length() - 1
        settings = TrainingSettings(
            self.epochs,
            self.batch_size or int(np.clip(fitting, 8, LARGEST_BATCH)),
            stopping=EarlyStopping(self.patience),
        )
        weights = None
        if self.class_weight is not None:
            weights = compute_class_weight(self.class_weight, classes=self.classes_, y=self.classes_[numbers])
            weights = weights.astype(np.float32)
        return Plan(settings, self.learning_rate, int(random.randint(2**31 - 1)), weights)

    def _splits(
        self, vectors: Any, numbers: Int[np.ndarray, " b"], head: "HeadOnRows", random: Any
    ) -> "dict[str, ArraySplit]":
        """Rows to learn from in random order, and rows to validate on."""
        from headstart.estimators.fitting import ArraySplit

        def split(index: Int[np.ndarray, " r"]) -> ArraySplit:
            chosen = vectors[index] if isinstance(vectors, np.ndarray) else [vectors[row] for row in index]
            return ArraySplit(chosen, numbers[index], head.spec.reads_tokens)

        counts = np.bincount(numbers)
        valid = max(round(self.validation_fraction * len(numbers)), len(counts))
        if not self.validation_fraction or counts.min() < 2 or len(numbers) - valid < len(counts):
            everything = split(random.permutation(len(numbers)))
            return {"train": everything, "valid": everything}
        indices = train_test_split(
            np.arange(len(numbers)), test_size=valid, stratify=numbers, random_state=random
        )
        return dict(zip(("train", "valid"), map(split, indices), strict=True))

    def _head_on_rows(self) -> "HeadOnRows":
        from headstart.estimators.fitting import HeadOnRows

        names = tuple(str(number) for number in range(len(self.classes_)))
        task = Task("binary" if len(names) == 2 else "multiclass", names)
        if self.backbone is None:
            linear = PoolingHead(REGISTRY[self.head].title, ("mean",))
            return HeadOnRows(HeadSpec(f"{self.head}@last", linear, (0,)), (0,), 1, task)
        spec, states = spec_of(self.head), tuple[int, ...]()
        if spec.reads_layers:
            from headstart.extract.predict.text_vectors import open_encoder

            states = open_encoder(self._choice("layers")).recipe.layer_numbers
            spec = spec_of(self.head, states, states[-1])
            if not set(spec.layers) <= set(states):
                raise UserError(
                    f"head is {self.head!r}; the encoder's layers are 0 (the embeddings) to {states[-1]}"
                )
        return HeadOnRows(spec, states, self.max_length, task)

    def _logits(self, X: Any) -> Float64[np.ndarray, "b k"]:  # noqa: N803
        check_is_fitted(self)
        prepare_library()
        from headstart.estimators.fitting import logits_of

        try:
            rows = self._rows(X, reset=False)
            return logits_of(self._head_on_rows(), self.params_, self._vectors(rows))
        except UserError as error:
            raise ValueError(str(error)) from None

    def _vectors(self, rows: Any) -> Any:
        """What the head reads of each row, see `estimators.fitting.ArraySplit`."""
        if self.backbone is None:
            return np.broadcast_to(rows[:, None], (len(rows), 3, rows.shape[1]))
        spec = spec_of(self.head)
        reads: Reads = "tokens" if spec.reads_tokens else "layers" if spec.reads_layers else "pooled"
        return self._store(reads).rows(rows)

    def _training_rows(self, X: Any, y: Any) -> tuple[Any, np.ndarray]:  # noqa: N803
        """The rows, and the label of each."""
        if self.backbone is None:
            rows, labels = validate_data(self, X, y, dtype=np.float32, ensure_min_samples=2)
        else:
            if y is None:
                raise ValueError("this HeadClassifier needs labels, y; it got None")
            rows, labels = self._rows(X, reset=True), column_or_1d(y, warn=True)
            check_consistent_length(rows, labels)
        check_classification_targets(labels)
        return rows, labels

    def _rows(self, X: Any, reset: bool) -> list[str] | Float32[np.ndarray, "b f"]:  # noqa: N803
        """Texts as a list, or rows of numbers."""
        if self.backbone is not None:
            return text_column(X)
        rows: np.ndarray = validate_data(self, X, dtype=np.float32, reset=reset)
        return rows

    def _check_parameters(self) -> None:
        if not isinstance(self.head, str) or not is_head(self.head):
            hint = did_you_mean(str(self.head), list(REGISTRY))
            raise ValueError(f"there is no head {self.head!r}; {hint}heads: {', '.join(REGISTRY)}")
        if self.backbone is None and self.head not in POOLING:
            raise ValueError(
                f"head {self.head!r} reads tokens or layers, which rows of numbers have not: give texts and a "
                f"backbone, HeadClassifier({self.head!r}, backbone='minilm'), or take one of {', '.join(POOLING)}"
            )
        least = {"epochs": self.epochs, "patience": self.patience, "batch_size": self.batch_size or 1}
        for name, value in least.items():
            if value < 1:
                raise ValueError(f"{name} is {value!r}; at least 1 is needed")
        if not 0 <= self.validation_fraction < 1:
            raise ValueError(
                f"validation_fraction is {self.validation_fraction!r}; from 0 to below 1 is needed"
            )
        if self.learning_rate is not None and not self.learning_rate > 0:
            raise ValueError(f"learning_rate is {self.learning_rate!r}; more than 0 is needed")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        texts = self.backbone is not None
        tags.input_tags.string, tags.input_tags.two_d_array = texts, not texts
        return tags
