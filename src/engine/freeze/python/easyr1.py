import inspect
import os
import re
from pathlib import Path

# --- settings ---

HERE = Path(__file__).resolve().parent


# --- freezing ---


def install():
    """Called in every Ray worker: wraps the place where EasyR1 loads its model, before FSDP and the optimizer."""
    from verl.workers import fsdp_workers

    build = fsdp_workers.FSDPWorker._build_model_optimizer
    announce = fsdp_workers.print_model_size
    role_now = []

    def build_and_freeze(self, *args, **kwargs):
        inputs = inspect.signature(build).bind(self, *args, **kwargs).arguments
        inputs["fsdp_config"].use_orig_params = True  # frozen and trained parameters share a layer
        role_now.append(inputs["role"])
        try:
            return build(self, *args, **kwargs)
        finally:
            role_now.pop()

    def freeze_and_announce(model, *args, **kwargs):
        # The model is loaded here, with its adapters, and not yet wrapped.
        if role_now and role_now[-1] == "actor":
            if not ADAPTERS:
                freeze(model)
            check(model)
        return announce(model, *args, **kwargs)

    fsdp_workers.FSDPWorker._build_model_optimizer = build_and_freeze
    fsdp_workers.print_model_size = freeze_and_announce


def main():
    import ray
    from verl.trainer import main as trainer

    paths = [str(HERE), str(HERE.parent.parent), os.environ.get("PYTHONPATH", "")]
    ray.init(
        runtime_env={
            "worker_process_setup_hook": "easyr1.install",
            "env_vars": {"PYTHONPATH": os.pathsep.join(path for path in paths if path), "TOKENIZERS_PARALLELISM": "true"},
        }
    )
    trainer.main()


if __name__ == "__main__":
    main()
