"""The backbone over the blocks of this process; importing it imports JAX and transformers, which takes seconds."""

from contextlib import AbstractContextManager
from typing import Any

import numpy as np
from jaxtyping import Int

from headstart.cache.block import Block
from headstart.cache.runtime.errors import UserError
from headstart.extract.backbone.devices import default_batch_tokens, describe_devices
from headstart.extract.backbone.distilbert import Backbone
from headstart.extract.backbone.precision import EXACT
from headstart.extract.checkpoint.weights import load_weights
from headstart.extract.features.blocks import BlockPlan, BlockRows, ComputePlan, plan_blocks
from headstart.extract.features.compute import TokenizedRows, compute_block, inputs_of
from headstart.extract.features.packing import BatchShape
from headstart.extract.pipeline.accuracy import LOW_COSINE, Backbones, measure
from headstart.extract.pipeline.job import ExtractJob, RunContext
from headstart.extract.text.tokenizer import Tokens


def load_backbones(job: ExtractJob) -> Backbones:
    """Read the weights and put them on every local device.

    Raises:
        UserError: they do not fit the model.
    """
    check_device(job.settings.compute_dtype, job.recipe.compute_dtype)
    weights = load_weights(job.checkpoint.weights, job.architecture.n_layers)
    layers = job.recipe.layer_numbers
    main = Backbone(job.architecture, weights, job.precision, job.settings.dtype, job.dropout, layers)
    if job.precision == EXACT:
        return Backbones(main, None)
    return Backbones(main, Backbone(job.architecture, weights, EXACT, "float32", job.dropout))


def check_device(setting: str, compute_dtype: str) -> None:
    """Refuse to compute as an accelerator does, for want of which JAX took the CPU.

    Args:
        setting: The compute dtype that the user chose, or `auto`.
        compute_dtype: The one that was chosen before JAX was asked.

    Raises:
        UserError: the choice was made for another device than JAX uses.
    """
    if setting == "auto" and compute_dtype == "bfloat16" and describe_devices()["platform"] == "cpu":
        raise UserError(
            "this machine seems to have an accelerator, but JAX found none that it can use: set JAX_PLATFORMS=cpu for "
            "what the CPU computes best, or name a --compute-dtype"
        )


class FeatureExtractor:
    """Plans this process's blocks, and computes them.

    Args:
        run: The run.
        backbones: The model that fills the cache, and the exact one.
        tokens: Token ids of the rows that this process needs, among all used rows.
    """

    def __init__(self, run: RunContext, backbones: Backbones, tokens: Tokens) -> None:
        self._run, self._backbones = run, backbones
        self._rows = TokenizedRows(tokens, run.job.dataset.labels, run.job.dataset.rows, run.job.groups)
        batch_tokens = run.job.settings.batch_tokens or default_batch_tokens()
        self._shape = BatchShape.of(run.job.recipe, batch_tokens, len(backbones.main.devices))

    @property
    def device(self) -> dict[str, Any]:
        """Kind and number of the devices and size of their batches, for the manifest."""
        return describe_devices() | {"batch_tokens": self._shape.batch_tokens}

    def plan(self, blocks: list[BlockRows]) -> ComputePlan:
        """Cut blocks into batches."""
        return plan_blocks(blocks, self._rows.tokens, self._shape)

    def compiling_ahead(self, plan: ComputePlan) -> AbstractContextManager[None]:
        """Compile for the shapes of the plan's batches while the body of `with` runs."""
        main, layout = self._backbones.main, self._run.job.recipe.layout
        batches = (
            inputs_of(main, batch, block, self._rows, layout)[0] for block, batch in plan.first_of_each_shape
        )
        return main.compiling_ahead(batches)

    def measure_accuracy(self, rows: Int[np.ndarray, " r"], plan: ComputePlan) -> dict[str, Any]:
        """Compare with the exact model, if it is another one and there are rows to compare, and close it.

        Args:
            rows: Positions of the rows to compare.
            plan: Blocks that this process will compute.

        Returns:
            The manifest's field; empty where nothing is compared.
        """
        (main, exact), job = self._backbones, self._run.job
        if exact is None:
            return {}
        accuracy = None
        if len(rows):
            accuracy = measure(main, exact, rows, plan, self._rows, job.recipe.max_length)
            if job.precision.compute_dtype != EXACT.compute_dtype or accuracy.min_cosine < LOW_COSINE:
                self._run.reporter.log(f"{job.precision.compute_dtype} precision: {accuracy}")
        exact.close()
        return accuracy._asdict() if accuracy else {}

    def compute(self, plan: BlockPlan) -> Block:
        """Compute one block; waiting for a program counts as compilation.

        Raises:
            UserError: a hidden state is not finite.
        """
        main, clock, programs = self._backbones.main, self._run.clock, self._backbones.main.programs
        waited = programs.waiting_seconds
        with clock.measure("backbone"):
            block = compute_block(
                main, plan, self._rows, self._run.job.recipe.layout, self._run.reporter.advance
            )
        clock.seconds["backbone"] -= programs.waiting_seconds - waited
        clock.seconds["compile"] = programs.compile_seconds
        return block
