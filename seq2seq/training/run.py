"""One training run: step, validate, keep the best, save, restore."""

from __future__ import annotations

import math
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator  # type: ignore[import-untyped]
from torch import Tensor, nn
from tqdm import tqdm

from seq2seq.batching import Batch, epoch_rows, hide_pieces
from seq2seq.chatbot import Chatbot
from seq2seq.checkpoint import save_weights
from seq2seq.config import TrainingConfig
from seq2seq.loss import reply_loss
from seq2seq.model import Seq2Seq, build_model
from seq2seq.scoring import score_pairs
from seq2seq.tokenizer import TOKENS
from seq2seq.training.averaging import Shown
from seq2seq.training.display import advance, progress_bar, show_progress, validation_line
from seq2seq.training.memory import keep_freed_memory
from seq2seq.training.optimizer import Optimizer
from seq2seq.training.results import write_results
from seq2seq.training.schedule import rate_share
from seq2seq.training.setup import RESUME_FOLDER, Material, RunSettings, prepare
from seq2seq.training.signals import stop_on_signals
from seq2seq.training.state import Progress, load_state, save_state, states
from seq2seq.training.testing import figures_of_test
from seq2seq.training.validation import chosen_rows, sample_replies


class DivergedError(ArithmeticError):
    """The loss is no number any more; the best checkpoint is kept."""


class InterruptedRunError(Exception):
    """The run was stopped by a signal; its state is saved."""


class _Loss(nn.Module):
    """The loss as a module, which is what accelerate prepares."""

    def __init__(self, model: Seq2Seq, config: TrainingConfig) -> None:
        super().__init__()
        self.model = model
        self.config = config

    def forward(self, src: Tensor, trg: Tensor) -> tuple[Tensor, int]:
        """Summed loss in nats, and the number of pieces."""
        return reply_loss(
            self.model, src, trg, self.config.teacher_force_ratio, self.config.label_smoothing
        )


class TrainingRun:
    """A run in one process; `train` and `resume` of this package make it."""

    def __init__(
        self,
        settings: RunSettings,
        out: Path,
        say: Callable[[str], None],
        material: Material | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make ready for the first step; without `material` it is prepared from the settings.

        `clock` gives the seconds that minutes are counted by.
        """
        self._clock = clock
        self.settings, self.out, self.say = settings, out, say
        self.config = settings.training
        keep_freed_memory()
        torch.manual_seed(self.config.seed)
        # Precision is ours: accelerate keeps one for the whole process, for every run in it.
        self.accelerator = Accelerator(cpu=not torch.cuda.is_available())
        self.material = material or prepare(settings, out, say)
        self.model = build_model(self.material.config, TOKENS)
        self.loss = self.accelerator.prepare(_Loss(self.model, self.config))
        self.optimizer = Optimizer(self.model, self.config)
        self.shown = Shown(self.model, self.config.average)
        self.progress = Progress()
        self.valid_rows = chosen_rows(
            self.material.valid, self.config.valid_pairs, self.config.seed
        )
        self._stop = threading.Event()
        self._saved_step = -1

    def restore(self) -> None:
        """Go back to the newest saved state that can be read."""
        found = states(self.out / RESUME_FOLDER)
        for path in found:
            try:
                self.progress = load_state(
                    path, self.shown, self.optimizer, self.material.fingerprint
                )
            except ValueError as error:
                if path == found[-1]:
                    raise
                self.say(f"{error}; going back to the state before")
            else:
                self._saved_step = self.progress.step
                self.say(f"going on at step {self.progress.step:,} from {path.name}")
                if self.progress.best.get("step") == self.progress.step:
                    self._save_best()  # it may have been killed between state and weights
                return

    def run(self) -> dict[str, Any]:
        """Train to the budget's end and give the metrics; InterruptedRunError on a signal."""
        with stop_on_signals(self._stop), progress_bar() as bar:
            while not self.progress.finished:
                self._epoch(bar)
        return self._finish()

    def _epoch(self, bar: tqdm[Any]) -> None:
        """The rest of the epoch that the progress stands in."""
        now = self.progress
        batches = self._plan(now.epoch)
        while now.batch < len(batches) and not now.finished:
            started = self._clock()
            used = self._budget_used(now.batch / len(batches))
            batch = self.material.train.table.batch(batches[now.batch])
            self._step(batch, rate_share(self.config, used))
            now.batch += 1
            now.seconds += self._clock() - started
            used = self._budget_used(now.batch / len(batches))
            if used >= 1.0:
                now.finished = "the budget of epochs or minutes is used up"
            if now.finished or now.step % self._validation_interval(len(batches)) == 0:
                self._validate(self.config.learning_rate * rate_share(self.config, used))
            show_progress(bar, now, used)
            self._save_if_due()
        if now.batch >= len(batches):
            now.epoch, now.batch = now.epoch + 1, 0

    def _plan(self, epoch: int) -> list[Tensor]:
        """The epoch's batches: a function of seed and epoch alone."""
        generator = torch.Generator().manual_seed(self.config.seed * 1_000_003 + epoch)
        rows = epoch_rows(self.material.train.weights, generator)
        if not len(rows):
            raise ValueError("the corpus weights leave an epoch without a pair; raise them")
        return self.material.train.table.plan(rows, self.config.batch_pieces, generator)

    def _step(self, batch: Batch, share: float) -> None:
        """One optimizer step on one batch, at this share of the peak rates."""
        self.model.train()
        device = self.accelerator.device
        with self._autocast():
            src = hide_pieces(batch.src, self.config.word_dropout)
            loss, pieces = self.loss(src.to(device), batch.trg.to(device))
        self.accelerator.backward(loss / pieces)
        self.accelerator.clip_grad_norm_(self.model.parameters(), self.config.clip_norm)
        self.optimizer.step(share)
        self.shown.update()
        value = float(loss.detach())
        if not math.isfinite(value):
            raise DivergedError(
                f"the loss is not a number at step {self.progress.step}; "
                "lower --learning-rate or --clip-norm. The best checkpoint is kept"
            )
        self.progress.step += 1
        self.progress.pieces += pieces
        self.progress.window_loss += value
        self.progress.window_pieces += pieces

    def _autocast(self) -> torch.autocast:
        """Products in bfloat16 where the run's precision says so."""
        bf16 = self.config.precision == "bf16"
        return torch.autocast(self.accelerator.device.type, torch.bfloat16, enabled=bf16)

    def _budget_used(self, of_epoch: float) -> float:
        """The share (0 to 1) of epochs or minutes used, whichever is further."""
        used = 0.0
        if self.config.epochs is not None:
            used = (self.progress.epoch + of_epoch) / self.config.epochs
        if self.config.max_minutes is not None:
            used = max(used, self.progress.seconds / 60 / self.config.max_minutes)
        return min(1.0, used)

    def _validation_interval(self, steps_per_epoch: int) -> int:
        """Every how many steps to validate."""
        return self.config.validate_every or min(1000, max(20, steps_per_epoch))

    def _validate(self, rate: float) -> None:
        """Score the held-out pairs, keep the weights if they are the best, show replies."""
        now, started = self.progress, self._clock()
        with self._autocast():
            score = score_pairs(self.shown.model, self.material.valid.table, self.valid_rows)
            samples = sample_replies(
                self.shown.model, self.material.tokenizer, self.material.valid, self.valid_rows[:4]
            )
        now.seconds += self._clock() - started
        point = {
            "step": now.step,
            "epoch": now.epoch,
            "pieces": now.pieces,
            "minutes": now.seconds / 60,
            "learning_rate": rate,
            "train_loss": now.window_loss / max(1, now.window_pieces),
            "valid_loss": score.loss,
            "valid_perplexity": score.perplexity,
            "valid_bits_per_byte": score.bits_per_byte,
            "pieces_per_second": now.pieces / max(1e-9, now.seconds),
        }
        now.history.append(point)
        now.window_loss, now.window_pieces = 0.0, 0
        better = not now.best or score.loss < now.best["valid_loss"]
        with tqdm.external_write_mode():
            self.say(validation_line(point, better, self.material.report["held_out_from"]))
            for message, reply in samples:
                self.say(f"    {message!r} -> {reply!r}")
        if better:
            now.best, now.worse = point, 0
            self._save_best()
        else:
            now.worse += 1
            if now.worse >= self.config.patience and not now.finished:
                now.finished = f"no better for {now.worse} validations"
        write_results(self.out, self.settings, self.material, now)

    def _save_best(self) -> None:
        """Keep these weights. The state comes first: from it `restore` can write them again."""
        self._save_state()
        save_weights(self.out, self.shown.model, self.material.config, self.material.tokenizer)

    def _save_state(self) -> None:
        """Save where the run stands, once a step."""
        if self._saved_step != self.progress.step:
            folder = self.out / RESUME_FOLDER
            save_state(folder, self.progress, self.shown, self.optimizer, self.material.fingerprint)
            self._saved_step = self.progress.step

    def _save_if_due(self) -> None:
        """Save the state every `save_every` steps, at the end, and when asked to stop."""
        now = self.progress
        if now.finished or self._stop.is_set() or now.step % self.config.save_every == 0:
            self._save_state()
        if self._stop.is_set() and not now.finished:
            raise InterruptedRunError(
                f"stopped at step {now.step:,}; go on with: "
                f"python -m seq2seq train --resume {self.out}"
            )

    def _finish(self) -> dict[str, Any]:
        """Score the best weights, as they are on disk, on the test split; write the results."""
        test, split = {}, self.material.test
        if split.pairs:
            self.say(f"{self.progress.finished}; evaluating the best weights on the test split")
            with tqdm(total=2 * len(split.pairs), unit="pair", mininterval=1.0) as bar:
                test = figures_of_test(
                    Chatbot.from_pretrained(self.out), split, lambda count: advance(bar, count)
                )
        metrics = write_results(self.out, self.settings, self.material, self.progress, test)
        shutil.rmtree(self.out / RESUME_FOLDER)
        return metrics
