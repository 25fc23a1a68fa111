"""An exported folder on the Hugging Face hub: what its card says in the hub's own terms, and the upload.

https://huggingface.co/docs/hub/model-cards describes the terms.
"""

import re
from typing import Any

from headstart.cache.runtime.errors import UserError
from headstart.cache.runtime.text import printable
from headstart.train.predict.trained_head import Trained
from headstart.train.statistics.findings import Estimate

NAME = re.compile(r"(?!.*(--|\.\.))[\w-][\w.-]{0,95}/[\w-][\w.-]{0,95}(?<![.-])", re.ASCII)
"""OWNER/NAME as the hub takes it."""
BUNDLED = {"minilm": "sentence-transformers/all-MiniLM-L6-v2"}
"""What the hub calls the backbones that come in packages."""
REPORTED = ("accuracy", "subset_accuracy", "f1", "macro_f1", "roc_auc")


def require_name(name: str) -> None:
    """Ask for OWNER/NAME before there is anything to lose.

    Raises:
        UserError: that is no name of a repository.
    """
    if not NAME.fullmatch(name):
        raise UserError(
            f"--push {name[:80]!r} is no OWNER/NAME of a repository on the hub, such as me/toxic-comments"
        )


def metadata(head: Trained, licence: str | None) -> Any:
    """What begins a card: huggingface_hub's `ModelCardData`.

    Args:
        head: What is exported.
        licence: Of the folder, as the hub names it, such as `mit`; None says nothing: nobody chose one.
    """
    from huggingface_hub import ModelCardData

    source, metrics = head.run.cache.source, head.run.statistics.metrics[head.name]
    data = printable(str(source.get("data")))  # YAML could not hold a name that is not UTF-8
    return ModelCardData(
        license=licence,
        base_model=_on_the_hub(str(source.get("backbone_argument"))),
        datasets=data.removeprefix("hf:") if data.startswith("hf:") and NAME.fullmatch(data[3:]) else None,
        library_name="jax",
        pipeline_tag="text-classification",
        tags=["frozen-encoder", head.name.replace("@", "-")],
        model_name=printable(f"{head.name} on {head.backbone}"),
        eval_results=[_result(name, metrics[name], data) for name in REPORTED if _known(metrics.get(name))]
        or None,
    )


def _known(estimate: Estimate | None) -> bool:
    return estimate is not None and estimate.mean is not None


def _on_the_hub(backbone: str) -> str | None:
    """The name by which the hub knows a backbone; a folder has none."""
    return BUNDLED.get(backbone) or (
        backbone if NAME.fullmatch(backbone) and not backbone.startswith(".") else None
    )


def _result(metric: str, estimate: Estimate, data: str) -> Any:
    from huggingface_hub import EvalResult

    assert estimate.mean is not None
    interval = f", 95 % interval {estimate.low:.4f} to {estimate.high:.4f}" if estimate.known else ""
    return EvalResult(
        task_type="text-classification",
        dataset_type=data,
        dataset_name=data,
        dataset_split="test",
        metric_type=metric,
        metric_name=f"{metric}{interval}",
        metric_value=round(estimate.mean, 4),
    )


def push(folder: str, name: str) -> str:
    """Upload a folder; a repository that is not there is made, and is private.

    Args:
        folder: What `predict.py export` wrote.
        name: `OWNER/NAME`. The token is that of `hf auth login`, or HF_TOKEN.

    Returns:
        Where it can be seen.

    Raises:
        UserError: the hub did not take it; the folder is as it was.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, LocalTokenNotFoundError

    api = HfApi()
    try:
        url = api.create_repo(name, private=True, exist_ok=True)
        api.upload_folder(repo_id=name, folder_path=folder, commit_message="Export of a trained head")
    except LocalTokenNotFoundError:
        raise UserError(f"the hub asks for a token: `hf auth login`, {_later(folder, name)}") from None
    except HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else None
        why = {
            401: "the token is missing or not valid (`hf auth login`)",
            403: "the token may not write there",
        }
        raise UserError(
            f"the hub did not take {name}: {why.get(status or 0, _first_line(error))}; then {_later(folder, name)}"
        ) from None
    except Exception as error:  # requests' are OSErrors, those of httpx (huggingface_hub 1 and newer) are not
        raise UserError(f"{name} was not uploaded ({_first_line(error)}); {_later(folder, name)}") from None
    return str(url)


def _later(folder: str, name: str) -> str:
    return f"`hf upload {name} {folder}` sends the folder, which is complete"


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
