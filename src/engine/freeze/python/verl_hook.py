import re

# --- settings ---


# --- freezing ---


def install():
    """Wraps the one place where the engine loads its model: before LoRA, FSDP and the optimizer."""
    from verl.workers.engine.fsdp.transformer_impl import FSDPEngine

    build, adapt = FSDPEngine._build_module, FSDPEngine._build_lora_module

    def build_and_freeze(self):
        module = build(self)
        trains = not self.engine_config.forward_only and self.model_config.model_type == "language_model"
        if trains and not ADAPTERS:
            freeze(module)
            check(module)
        return module

    def adapt_and_check(self, module):
        module = adapt(self, module)
        if not self.engine_config.forward_only:
            check(module)
        return module

    FSDPEngine._build_module, FSDPEngine._build_lora_module = build_and_freeze, adapt_and_check


install()
