import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

from headstart.cache.task import BINARY, Task
from headstart.train.data.labels import balanced_weights, require_labels

THREE, SEVERAL = Task("multiclass", ("a", "b", "c")), Task("multilabel", ("a", "b"))


@pytest.mark.parametrize(
    ("task", "labels"), [(BINARY, [0, 1, 1]), (BINARY, [0]), (THREE, [2, 0]), (SEVERAL, [[0, 1], [0, 0]])]
)
def test_labels_of_the_task_pass(task, labels):
    require_labels(np.array(labels), "train", task)


@pytest.mark.parametrize(
    ("task", "labels", "message"),
    [
        (BINARY, [], "the valid split has no rows"),
        (BINARY, [0, 2, 1], "labels 0, 1, 2; a binary task needs 0 to 1"),
        (BINARY, [-1], "labels -1"),
        (THREE, [0, 3], "labels 0, 3; a multiclass task needs 0 to 2"),
        (SEVERAL, [0, 1], "a multilabel task"),
        (SEVERAL, [[0, 1, 1]], "a multilabel task"),
        (SEVERAL, [[0, 2]], "labels 0, 2"),
    ],
)
def test_others_are_named(task, labels, message):
    with pytest.raises(ValueError, match=message):
        require_labels(np.array(labels, np.int32), "valid", task)


@pytest.mark.parametrize(("task", "labels"), [(BINARY, [0, 1, 1, 1]), (THREE, [2, 0, 1, 1, 1, 2])])
def test_balanced_weights_are_scikit_learn_s(task, labels):
    wanted = compute_class_weight("balanced", classes=np.unique(labels), y=labels)
    np.testing.assert_allclose(balanced_weights(task, np.array(labels)), wanted, rtol=1e-6)


def test_each_of_several_labels_is_balanced_by_itself():
    labels = np.array([[0, 1], [1, 1], [0, 1]])
    # the first class: two rows of 0, one of 1; the second: none of 0
    np.testing.assert_allclose(balanced_weights(SEVERAL, labels), [[3 / 4, 0], [3 / 2, 3 / 6]])
