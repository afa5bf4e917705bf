"""Presets and plans: what a study does, and in which form records hold it."""

import json
from dataclasses import asdict, dataclass, replace

import pytest
import torch
from tiny_study import PRESET, SETTING

from sdtutorial.networks import analysis, presets
from sdtutorial.networks.chain import stream_seeds
from sdtutorial.networks.presets import PRESETS, StudyError, controls, find_preset, make_plan
from sdtutorial.networks.records import RECORDED, configuration_digest, read
from sdtutorial.networks.training import Machine, Recipe


def test_presets_have_distinct_settings_whose_networks_and_losses_exist():
    assert set(PRESETS) == {"digits", "cpu", "colab", "gpu", "paper"}
    for preset in PRESETS.values():
        settings = preset.settings + preset.single_rounds
        assert len({setting.name for setting in settings}) == len(settings)
        assert set(preset.default) <= {setting.name for setting in preset.settings}
        for setting in settings:
            with torch.device("meta"):
                setting.network.build(10)
            assert setting.recipe.loss in ("cross-entropy", "l2")
            assert setting.recipe.loss in setting.name


def test_cifar_presets_hold_the_settings_of_figure_3_in_their_order():
    for name in ("cpu", "colab", "gpu", "paper"):
        assert [setting.name for setting in PRESETS[name].settings[:5]] == [
            "cifar100-cross-entropy-resnet",
            "cifar100-l2-resnet",
            "cifar10-cross-entropy-resnet",
            "cifar10-l2-resnet",
            "cifar100-l2-vgg",
        ]
        assert all(setting.held_out == 5000 for setting in PRESETS[name].settings)


def test_the_paper_preset_has_the_full_networks():
    sizes = {}
    for setting in PRESETS["paper"].settings:
        with torch.device("meta"):
            sizes[setting.name] = sum(p.numel() for p in setting.network.build(10).parameters())
    assert sizes["cifar10-l2-resnet"] == pytest.approx(23.5e6, rel=0.01)
    assert sizes["cifar100-l2-vgg"] == pytest.approx(14.7e6, rel=0.01)


def test_controls_change_one_entry_and_share_the_seeds():
    stopped, decayed = controls(SETTING, epochs=(2,), weight_decays=(0.1,))
    assert replace(stopped.recipe, epochs=SETTING.recipe.epochs) == SETTING.recipe
    assert replace(decayed.recipe, weight_decay=SETTING.recipe.weight_decay) == SETTING.recipe
    for control in (stopped, decayed):
        assert stream_seeds(control, 0, 1, 0) == stream_seeds(SETTING, 0, 1, 0)


def test_rivals_of_a_chain_are_controls_of_the_first_setting():
    for name in ("cpu", "colab", "gpu", "paper"):
        preset = PRESETS[name]
        first = preset.settings[0]
        recipes = [setting.recipe for setting in preset.single_rounds]
        assert replace(first.recipe, epochs=3 * first.recipe.epochs) in recipes
        assert replace(first.recipe, label_smoothing=0.1) in recipes
        noise = preset.setting(f"{first.name}-noise-0.4")
        assert noise in preset.settings
        assert noise == replace(first, name=noise.name, label_noise=0.4, seeds_of=first.name)
        trio = preset.setting(f"{first.name}-ensemble-3")
        assert trio in preset.settings
        assert trio == replace(first, name=trio.name, members=3, seeds_of=first.name)


def test_units_go_widest_first():
    plan = make_plan(PRESET, settings=["all"], chains=2, rounds=2)
    assert [(u.setting.name, u.round, u.chain) for u in plan.units()] == [
        (SETTING.name, 0, 0),
        (SETTING.name, 0, 1),
        (SETTING.name, 1, 0),
        (SETTING.name, 1, 1),
        (f"{SETTING.name}-epochs-2", 0, 0),
        (f"{SETTING.name}-epochs-2", 0, 1),
        (f"{SETTING.name}-decay-0.01", 0, 0),
        (f"{SETTING.name}-decay-0.01", 0, 1),
    ]


def test_a_plan_takes_the_preset_s_numbers_unless_told_otherwise():
    plan = make_plan(PRESET)
    assert (plan.chains, plan.settings, plan.study_seed) == (2, ((SETTING, 3),), 0)
    plan = make_plan(PRESET, chains=5, rounds=7, seed=3, precision="bfloat16")
    assert (plan.chains, plan.settings, plan.study_seed) == (5, ((SETTING, 7),), 3)
    assert plan.machine.precision == "bfloat16"


def test_the_precision_is_the_device_s_own_unless_the_preset_fixes_it(monkeypatch):
    monkeypatch.setattr(presets, "native_precision", lambda device: "bfloat16")
    assert make_plan(PRESETS["cpu"]).machine.precision == "bfloat16"
    assert make_plan(PRESETS["digits"]).machine.precision == "float32"


def test_what_does_not_exist_is_refused_with_what_does():
    with pytest.raises(StudyError, match="no preset 'huge'; there are digits, cpu"):
        find_preset("huge")
    with pytest.raises(StudyError, match="no setting 'x'; it has digits-cross-entropy-resnet"):
        make_plan(PRESETS["digits"], settings=["x"])
    for number in ({"chains": 0}, {"rounds": -1}):
        with pytest.raises(StudyError, match="at least 1"):
            make_plan(PRESET, **number)


def test_a_gpu_preset_without_a_gpu_names_the_presets_for_a_cpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for name in ("colab", "gpu", "paper"):
        with pytest.raises(StudyError, match="needs a CUDA GPU.*digits and cpu"):
            make_plan(PRESETS[name])


def test_a_configuration_survives_json(plan):
    configuration = plan.configuration(SETTING)
    assert json.loads(json.dumps(configuration)) == configuration
    assert configuration["machine"] == asdict(plan.machine)


def planned(record):
    """The configuration that today's command gives the training of a record."""
    preset = find_preset(record.preset)
    machine = Machine(**record.configuration["machine"])
    plan = make_plan(preset, settings=[record.setting], precision=machine.precision)
    return replace(plan, machine=machine).configuration(preset.setting(record.setting))


def test_today_s_plans_have_the_configurations_of_all_records_of_the_book():
    recorded = read([RECORDED]).records
    assert len(recorded) >= 110
    for record in recorded:
        assert configuration_digest(planned(record)) == record.key[0], record.setting


@dataclass(frozen=True)
class LaterRecipe(Recipe):
    """A recipe with an entry that the first records do not know."""

    temperature: float = 1.0


def test_a_new_field_is_left_out_at_its_default_and_written_where_it_is_set(plan):
    recipe = LaterRecipe(**asdict(SETTING.recipe))
    assert plan.configuration(replace(SETTING, recipe=recipe)) == plan.configuration(SETTING)
    hot = replace(SETTING, recipe=replace(recipe, temperature=2.0))
    assert plan.configuration(hot)["setting"]["recipe"]["temperature"] == 2.0


def test_old_and_new_records_of_one_training_are_one_group_beside_a_new_field(plan, undisturbed):
    recipe = LaterRecipe(**asdict(SETTING.recipe))
    old = read([undisturbed]).records
    new = [
        replace(
            record,
            chain=record.chain + 2,
            configuration=plan.configuration(replace(SETTING, recipe=recipe)),
        )
        for record in old
    ]
    (chains,) = analysis.group([*old, *new])
    assert len(chains.records) == 4


@pytest.mark.parametrize("part", [SETTING, SETTING.recipe, SETTING.network, Machine("cpu", "a")])
def test_the_fields_of_the_first_records_are_always_written(part):
    assert presets._entries(part).keys() <= asdict(part).keys()
    assert presets.FIRST_FIELDS & asdict(part).keys() <= presets._entries(part).keys()
