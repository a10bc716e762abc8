def bare(name):
    """The parameter's name without what wrappers put around it."""
    for part in ("_orig_mod.", "_fsdp_wrapped_module.", "_checkpoint_wrapped_module.", "base_model.model."):
        name = name.replace(part, "")
    return re.sub(r"^module\.", "", name).replace(".base_layer.", ".").replace(".original_module.", ".")


def size(parameter):
    """Elements, also where DeepSpeed keeps them elsewhere."""
    return getattr(parameter, "ds_numel", None) or parameter.numel()


def is_frozen(name):
    return any(re.search(pattern, bare(name)) for pattern in FROZEN)


def freeze(model):
    """Freezes what the plan freezes, before the optimizer is made. Everything else trains as it did."""
    for name, parameter in model.named_parameters():
        if is_frozen(name):
            parameter.requires_grad_(False)


def check(model):
    """Ends the run unless exactly the planned parameters train. Trainers have frozen nothing in silence."""
    matched = trains = 0
    for name, parameter in model.named_parameters():
        adapter = "lora_" in name
        if is_frozen(name) and not adapter:
            matched += size(parameter)
        if parameter.requires_grad:
            if is_frozen(name):
                raise SystemExit(f"freeze: {name} should be frozen, but it trains.")
            if ADAPTERS and not adapter:
                raise SystemExit(f"freeze: {name} trains, but only adapters should.")
            trains += size(parameter)
    if matched != FROZEN_PARAMETERS:
        raise SystemExit(
            f"freeze: the patterns match {matched:,} parameters of the loaded model; the plan counts {FROZEN_PARAMETERS:,}. "
            "Nothing was trained."
        )
    if trains != TRAINED_PARAMETERS:
        raise SystemExit(
            f"freeze: {trains:,} parameters would train; the plan counts {TRAINED_PARAMETERS:,}. Nothing was trained."
        )
    print(f"freeze: {matched:,} parameters are frozen, {trains:,} train, as planned.", flush=True)
