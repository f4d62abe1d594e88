"""Pipelines: what stands in them exists and fits together; how people write them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import milc
from milc.driver.optimizing import flat
from milc.driver.passes_reference import purpose
from milc.driver.peer_passes import PEERS
from milc.passes import Pass, find, modules
from milc.passes.base import words
from milc.passes.files import pipeline_of
from milc.passes.pipeline import run
from milc.passes.pipelines import ON_REQUEST, PIPELINES, PURPOSES, named, unplaced
from milc.passes.spelling import pass_of, passes_named, pipeline_named, skipping, spelt
from tests.passes.running import count, optimized
from tests.shared import SHARED, needs_shared

NAMES = {n for stages in PIPELINES.values() for stage in stages for group in stage for n in group}

TEXT = """program(1.3)
{
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<fp32, [2, 3]> a = identity(x = x);
        tensor<fp32, [2, 3]> b = mul(x = a, y = fp32(1.0));
        tensor<fp32, [2, 3]> y = exp(x = b);
    } -> (y);
}
"""


def test_pipelines_name_passes_that_exist() -> None:
    assert NAMES - set(modules()) == set()
    assert set(ON_REQUEST) - set(modules()) == set()
    assert PURPOSES.keys() == PIPELINES.keys()


def test_every_pass_stands_in_a_pipeline_or_is_for_who_asks() -> None:
    assert unplaced() == []


@pytest.mark.parametrize("name", PIPELINES)
def test_only_tables_share_a_group(name: str) -> None:
    for group in flat(named(name)):
        whole = [each.name for each in group if type(each).run is not Pass.run]
        assert len(group) == 1 or whole == []


HANDED_THROUGH = """program(1.3)
{
    func main<ios16>(tensor<fp32, [?, ?]> x) {
        int32 count, tensor<fp32, [?, ?]> a, tensor<fp32, [?, ?]> b = while_loop(
            loop_vars = (int32(0), x, x))
            (int32 i, tensor<fp32, [?, ?]> c, tensor<fp32, [?, ?]> d) {
            bool more = less(x = i, y = int32(2));
        } -> (more), (int32 i, tensor<fp32, [?, ?]> c, tensor<fp32, [?, ?]> d) {
            int32 next = add(x = i, y = int32(1));
        } -> (next, c, d);
        tensor<int32, [2]> s = shape(x = a);
        tensor<fp32, [?, ?]> ones = fill(shape = s, value = fp32(1.0));
        tensor<fp32, [?, ?]> sum = add(x = a, y = ones);
        tensor<int32, [2]> t = shape(x = b);
        tensor<fp32, [?, ?]> zeros = fill(shape = t, value = fp32(0.0));
        tensor<fp32, [?, ?]> chosen = select(a = zeros, b = sum, cond = bool(true));
        tensor<fp32, [?, ?]> y = cos(x = chosen);
        tensor<fp32, [?, ?]> less = sub(x = a, y = b);
        tensor<int32, [2]> u = shape(x = less);
        tensor<fp32, [?, ?]> others = fill(shape = u, value = fp32(0.0));
        tensor<fp32, [?, ?]> z = concat(values = (others, zeros, less), axis = int32(0));
    } -> (y, z);
}
"""
"""What is chosen is as long as the other one, as shows when the loop hands both through."""


WRITTEN = """program(1.3)
{
    func main<ios18>(state<tensor<fp16, [2]>> s, tensor<fp16, [2]> x) {
        tensor<fp16, [2]> a = exp(x = x);
        write_state(data = a, input = s);
        tensor<fp16, [2]> b = read_state(input = s);
        tensor<fp16, [2]> c = maximum(x = a, y = b);
        tensor<fp16, [2]> y = cos(x = c);
    } -> (y);
}
"""
"""What is written and what is read of it is the same, so that it is its own maximum."""


@pytest.mark.parametrize("name", PIPELINES)
@pytest.mark.parametrize("text", [TEXT, HANDED_THROUGH, WRITTEN])
def test_a_pipeline_leaves_a_program_at_rest(name: str, text: str) -> None:
    program = milc.parse(text)
    milc.optimize(program, name)
    assert not milc.optimize(program, name).changed
    assert name == "none" or count(program)["select"] == 0
    assert name in ("cleanup", "none") or count(program)["maximum"] == 0


@pytest.mark.parametrize("name", modules())
def test_a_pass_says_what_it_is_for(name: str) -> None:
    found = find(name)
    assert found is not None
    assert 3 <= len(purpose(found).split()) <= 40
    assert all(option.doc for option in found.options.values())


def test_passes_are_read_as_they_are_written() -> None:
    text = "const_elimination{skip_const_by_size=10},noop_elimination"
    text += ',add_fp16_cast{ranges="a.json"}'
    first, second, third = passes_named(text)
    assert first.given["skip_const_by_size"] == 10
    assert second.name == "noop_elimination"
    assert third.given["ranges"] == "a.json"
    assert spelt([first, second, third]) == text


@pytest.mark.parametrize(
    ("text", "code", "help"),
    [
        ("const_eliminatio", "MIL0940", "did you mean const_elimination?"),
        ("nothing_of_the_kind_at_all", "MIL0940", "milc opt --list"),
        ("const_elimination{skip_const_by_siz=1}", "MIL0941", "did you mean skip_const_by_size?"),
        ("const_elimination{skip_const_by_size=x}", "MIL0941", "leave results"),
        ("const_elimination{skip_const_by_size=true}", "MIL0941", "leave results"),
        ("const_elimination{", "MIL0943", "a,b{option=value}"),
        ("noop_elimination;dead_code_elimination", "MIL0943", "a,b{option=value}"),
        ("const_elimination{skip_const_by_size=nan}", "MIL0941", "leave results"),
        ("add_int16_cast{target_dtype=int7}", "MIL0941", "the type of computed indices"),
        ("add_fp16_cast{op_selector=x}", "MIL0941", "a function of Python"),
        ("add_fp16_cast{ranges=3}", "MIL0941", "a file of ranges"),
        ("add_fp16_cast{skip_ops_by_type=expp}", "MIL0941", "leave ops of these kinds"),
        ("update_output_dtypes{dtypes=y=fp17}", "MIL0941", "the element types of outputs"),
        ("update_output_dtypes{dtypes=y}", "MIL0941", "the element types of outputs"),
        ("scaled_dot_product_attention_sliced_q{seq_length_divider=0}", "MIL0941", "in how many"),
        ("noop_elimination{a=1}", "MIL0941", "it has no options"),
    ],
)
def test_what_is_wrong_with_passes(text: str, code: str, help: str) -> None:
    with pytest.raises(milc.MilError) as caught:
        passes_named(text)
    (finding,) = caught.value.diagnostics
    assert finding.code == code
    assert help in (finding.help or "")


def test_all_that_is_wrong_is_said_at_once_in_its_place() -> None:
    options = "skip_const_by_size=x, skip_const_by_size=2, size=3"
    with pytest.raises(milc.MilError) as caught:
        passes_named(f"fuse, const_elimination{{{options}}},fold,{{")
    found = [(each.code, each.span.text) for each in caught.value.diagnostics if each.span]
    assert found == [
        ("MIL0940", "fuse"),
        ("MIL0943", "skip_const_by_size"),
        ("MIL0941", "x"),
        ("MIL0941", "size"),
        ("MIL0940", "fold"),
        ("MIL0943", "{"),
    ]
    with pytest.raises(milc.MilError) as caught:
        milc.optimize(milc.parse(TEXT), "defualt", passes=["a", "b"], skip="c, noop_elimination")
    assert [each.code for each in caught.value.diagnostics] == ["MIL0942", *["MIL0940"] * 3]


def test_names_may_be_those_of_coremltools() -> None:
    (found,) = passes_named("common::noop_elimination")
    assert found.name == "noop_elimination"


def test_groups_may_be_named() -> None:
    program = milc.parse(TEXT)
    done = milc.optimize(program, [["noop_elimination", "const_elimination"], "value_numbering"])
    assert done.counts == {"noop_elimination": 2}
    with pytest.raises(milc.MilError) as caught:
        milc.optimize(program, [["a", "noop_elimination"], "b"])
    assert [each.code for each in caught.value.diagnostics] == ["MIL0940"] * 2
    with pytest.raises(milc.MilError, match="shares no group"):
        milc.optimize(program, [["noop_elimination", "value_numbering"]])


@pytest.mark.parametrize(
    ("passes", "said"),
    [
        ('add_fp16_cast{skip_ops_by_name="b,c"}', "names c, but no function has such values"),
        ('update_output_dtypes{dtypes="y=fp16, z=fp16"}', "names z, but no function has such out"),
        ("adjust_io_to_supported_types{keep=y}", "names y, but no function has such inputs"),
        ("image_input_preprocess{inputs=image}", "names image, but no function has such inputs"),
        ("update_output_dtypes{dtypes=y=fp16}", None),
    ],
)
def test_names_that_nothing_has_are_remarked_on(passes: str, said: str | None) -> None:
    model = milc.Model(milc.parse(TEXT))
    milc.optimize(model, "none", passes=passes)
    found = [f"{each.severity} {each.code} {each.message}" for each in model.notes]
    assert len(found) == (said is not None)
    assert all(each.startswith("warning MIL0941") and str(said) in each for each in found)


def test_values_with_commas_are_lists_or_in_quotes() -> None:
    for text in ('"exp,softmax"', '["exp", "softmax"]'):
        (found,) = passes_named(f"add_fp16_cast{{skip-ops-by-type={text}}},")
        assert words(found.given["skip_ops_by_type"]) == {"exp", "softmax"}


SEVERAL = [
    ("update_output_dtypes", "dtypes", "y=fp16,z=int32", {"y": "fp16", "z": "int32"}),
    ("add_fp16_cast", "skip_ops_by_type", "exp, erf", ["exp", "erf"]),
    ("add_fp16_cast", "skip_ops_by_name", "y,z", ["y", "z"]),
    ("adjust_io_to_supported_types", "keep", "y,z", ["y", "z"]),
    ("image_input_preprocess", "inputs", "y,z", ["y", "z"]),
    ("materialize_symbolic_shape_program", "function_name_to_materialization_map",
     "f: x=1x2; g: x=2x2 y=3", {"f": {"x": [1, 2]}, "g": {"x": [2, 2], "y": [3]}}),
]  # fmt: skip
"""Options that take several things: as words, and as a list or a table."""


@pytest.mark.parametrize(("name", "option", "said", "held"), SEVERAL)
def test_lists_and_tables_are_taken_from_wherever_they_come(
    tmp_path: Path, name: str, option: str, said: str, held: Any
) -> None:
    path = tmp_path / "own.toml"
    for value in (said, held):
        (spelled,) = passes_named(f"{name}{{{option}={json.dumps(value)}}}")
        (direct,) = passes_named(spelt([pass_of(name, {option: value})]))
        path.write_text(f'groups = ["{name}"]\n[options.{name}]\n{option} = {toml(value)}\n')
        (group,) = flat(pipeline_of(path))
        assert [each.given[option] for each in (spelled, direct, *group)] == [value] * 3


def toml(value: Any) -> str:
    """A value as TOML writes it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {toml(each)}" for name, each in value.items()) + "}"
    return json.dumps(value)


def test_an_option_means_the_same_as_words_and_as_a_table() -> None:
    """Wherever it is given."""
    left = []
    for dtypes in ('"y=int32"', '{"y": "int32"}'):
        program = milc.parse(TEXT)
        milc.optimize(program, "none", passes=f"update_output_dtypes{{dtypes={dtypes}}}")
        left.append(milc.to_text(program))
    assert left[0] == left[1] != milc.to_text(milc.parse(TEXT))


def test_a_file_describes_a_pipeline(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(
        'base = "cleanup"\n'
        'groups = [["fuse_gelu_exact", "noop_elimination"], "value_numbering"]\n'
        'skip = ["cast_optimization"]\n'
        "[options.const_elimination]\nskip_const_by_size = 10\n",
        "utf-8",
    )
    groups = flat(pipeline_of(path))
    names = [[each.name for each in group] for group in groups]
    assert names[-2:] == [["fuse_gelu_exact", "noop_elimination"], ["value_numbering"]]
    assert not any("cast_optimization" in group for group in names)
    constants = [p for group in groups for p in group if p.name == "const_elimination"]
    assert [each.given["skip_const_by_size"] for each in constants] == [10]


@pytest.mark.parametrize(
    ("text", "code", "place", "said"),
    [
        ("groups = [", "MIL0944", (1, 11), "no TOML"),
        ("group = []", "MIL0944", (1, 1), "no setting group"),
        ("groups = [1]", "MIL0944", (1, 11), "the name of a pass"),
        ("groups = 1", "MIL0944", (1, 10), "an array is wanted"),
        ("once = 1", "MIL0944", (1, 8), "true or false"),
        ("skip = [1]", "MIL0944", (1, 9), "the name of a pass"),
        ('base = "fast"', "MIL0942", (1, 8), "no pipeline fast"),
        ('base = "own.toml"', "MIL0942", (1, 8), "no pipeline own.toml"),
        ('groups = ["x"]', "MIL0940", (1, 11), "no pass x"),
        ('groups = [\n[[]],\n]', "MIL0944", (2, 2), "holds an array"),
        ('groups = [["noop_elimination", "topological_reorder"]]', "MIL0944", (1, 11), "no group"),
        ("[options.noop_elimination]\na = 1", "MIL0944", (1, 10), "not in the pipeline"),
        ("[options.fold]\na = 1", "MIL0940", (1, 10), "no pass fold"),
        ('groups = ["noop_elimination"]\n[options]\nnoop_elimination = 1', "MIL0944", (3, 20),
         "a table is wanted"),
        ('base = "default"\n[options.noop_elimination]\na = 1', "MIL0941", (3, 1), "no option"),
        ('base = "default"\n[options.const_elimination]\nskip_const_by_size = 1979-05-27',
         "MIL0941", (3, 22), 'is "1979-05-27", where a number'),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_file(
    tmp_path: Path, text: str, code: str, place: tuple[int, int], said: str
) -> None:
    path = tmp_path / "own.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(milc.MilError) as caught:
        pipeline_named(str(path))
    (finding,) = caught.value.diagnostics
    assert finding.code == code
    assert said in finding.message
    assert finding.path == str(path)
    assert finding.span is not None
    assert finding.span.source.position(finding.span.start) == place


def test_all_that_is_wrong_with_a_file_is_said_at_once(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text('base = "x"\ngroups = ["y", ["z"]]\nskip = ["q"]\nonce = 1\na = 2\n', "utf-8")
    with pytest.raises(milc.MilError) as caught:
        pipeline_named(str(path))
    assert len(caught.value.diagnostics) == 6


def test_skipped_passes_do_not_run() -> None:
    kept = skipping(named("default"), ["noop-elimination"])
    assert "noop_elimination" not in {each.name for group in flat(kept) for each in group}
    with pytest.raises(milc.MilError, match="MIL0940"):
        skipping(named("default"), ["x"])


def test_a_second_run_takes_a_table_to_what_has_changed() -> None:
    program = milc.parse(TEXT)
    optimized(program, "noop_elimination", "const_elimination", "noop_elimination")


def test_what_has_fewer_users_is_tried_again() -> None:
    text = """program(1.3)
    {
        func main<ios15>(int32 x) {
            int32 a = floor_div(x = x, y = int32(2));
            tensor<int32, [1]> b = expand_dims(x = a, axes = tensor<int32, [1]>([0]));
            tensor<int32, [1]> y = expand_dims(x = a, axes = tensor<int32, [1]>([0]));
            tensor<int32, [1]> z = square(x = b);
        } -> (y, z);
    }"""
    program = milc.parse(text)
    run(program, named("cleanup"))
    assert count(program)["squeeze"] == 0
    assert not run(program, named("cleanup")).changed


@pytest.mark.parametrize("name", ["default", "default_fp16"])
def test_what_guards_add_is_made_simpler_at_once(name: str) -> None:
    program = milc.parse("""program(1.3)
    {
        func main<ios17>(tensor<fp32, [5, ?]> x, tensor<int32, [3]> n) {
            tensor<int32, [3]> m = add(x = n, y = int32(1));
            tensor<fp32, [5, ?]> a = exp(x = x);
            tensor<fp32, [3, ?]> y = gather(x = a, indices = m, axis = int32(0));
            tensor<fp32, [5, 3]> z = gather(x = a, indices = n, axis = int32(1));
            tensor<fp32, [5, 3]> v = gather(x = x, indices = n, axis = int32(1));
        } -> (y, z, v);
    }""")
    run(program, named(name))
    assert not run(program, named(name)).changed


@needs_shared
def test_every_pass_of_coremltools_is_there_or_has_a_reason() -> None:
    table = json.loads((SHARED / "reference/passes.json").read_text("utf-8"))
    assert PEERS.keys() == set(table["passes"])
    open = [peer for peer, said in PEERS.items() if not said and _plain(peer) not in modules()]
    assert open == []


def _plain(peer: str) -> str:
    return peer.partition("::")[2]
