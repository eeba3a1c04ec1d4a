"""The house itself: the lock, the layers, `./dev`, the sizes of a test run, what may stand in the tree."""

from __future__ import annotations

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import tidegate

pytest_plugins = ["pytester"]

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "tidegate"
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
RUNTIME, NEWCOMER, CI = "requirements-runtime.lock", "requirements.lock", "requirements-ci.lock"


# --- dependencies ------------------------------------------------------------------------------------


def pins(lock: str) -> dict[str, set[Version]]:
    """Name to locked versions (more than one where the Python version decides)."""
    found: dict[str, set[Version]] = {}
    for name, version in re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", (ROOT / lock).read_text("utf-8"), re.M):
        found.setdefault(canonicalize_name(name), set()).add(Version(version))
    return found


def group(name: str) -> list[Requirement]:
    """A dependency group with the groups that it includes."""
    found: list[Requirement] = []
    for entry in PYPROJECT["dependency-groups"][name]:
        found += group(entry["include-group"]) if isinstance(entry, dict) else [Requirement(entry)]
    return found


def runtime() -> list[Requirement]:
    extras = PYPROJECT["project"]["optional-dependencies"]
    return [Requirement(text) for text in [*PYPROJECT["project"]["dependencies"], *extras["postgres"]]]


@pytest.mark.parametrize("lock", [RUNTIME, NEWCOMER, CI])
def test_each_locked_package_has_hashes_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    entries = re.split(r"^(?=\S)", text, flags=re.M)[1:]
    assert entries
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []
    assert "://" not in text
    assert not re.search(r"^\s*--(?!hash)", text, re.M), "an option such as an index's address"


@pytest.mark.parametrize(
    ("lock", "wanted"),
    [
        (RUNTIME, runtime()),
        (NEWCOMER, [*runtime(), *group("dev")]),
        (
            CI,
            [
                *runtime(),
                *group("ci"),
                Requirement(PYPROJECT["project"]["optional-dependencies"]["spark"][0]),
            ],
        ),
    ],
    ids=[RUNTIME, NEWCOMER, CI],
)
def test_each_lock_satisfies_pyproject(lock: str, wanted: list[Requirement]) -> None:
    locked = pins(lock)
    unmet = [
        str(need)
        for need in wanted
        if not any(need.specifier.contains(version) for version in locked.get(canonicalize_name(need.name), ()))
    ]
    assert unmet == [], "run ./dev lock"


def test_the_locks_agree() -> None:
    everything = pins(CI)
    for smaller in (NEWCOMER, RUNTIME):
        assert {name: versions for name, versions in pins(smaller).items() if everything.get(name) != versions} == {}


def test_every_direct_dependency_is_explained_and_no_other() -> None:
    explained = set(re.findall(r"^\| `([^`]+)`", (ROOT / "docs" / "dependencies.md").read_text("utf-8"), re.M))
    extras = [Requirement(t) for texts in PYPROJECT["project"]["optional-dependencies"].values() for t in texts]
    direct = {canonicalize_name(need.name) for need in [*runtime(), *extras, *group("ci")]}
    assert explained == direct


# --- layers ------------------------------------------------------------------------------------------


def imports(path: Path) -> Iterator[str]:
    """Top names of all that a module imports absolutely, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.split(".")[0]


def decides() -> list[Path]:
    """The modules that say what the law is and what it says of a shipment."""
    names = ("evaluate", "classify")
    files = [path for name in names for path in (SOURCE / "screening").glob(f"{name}*/**/*.py")]
    files += [path for name in names for path in (SOURCE / "screening").glob(f"{name}*.py")]
    return [*files, *(SOURCE / "law").rglob("*.py")]


def test_what_decides_imports_only_the_standard_library() -> None:
    """A verdict must not depend on anything that an upgrade may change; only the loader reads YAML."""
    foreign = {
        f"{path.relative_to(SOURCE)}: {name}"
        for path in decides()
        for name in imports(path)
        if name not in sys.stdlib_module_names and name != "tidegate"
    }
    assert {path.name for path in decides()} >= {"national.py", "international.py", "classify.py", "loader.py"}
    assert foreign <= {"law/loader.py: yaml"}


@pytest.mark.ci
def test_everything_imported_is_a_declared_dependency() -> None:
    """Nothing works only because some other package happens to bring it along."""
    extras = [Requirement(t) for texts in PYPROJECT["project"]["optional-dependencies"].values() for t in texts]
    declared = {canonicalize_name(need.name) for need in [*runtime(), *extras]}
    providers = packages_distributions()
    undeclared = {
        f"{path.relative_to(SOURCE)}: {name}"
        for path in SOURCE.rglob("*.py")
        for name in imports(path)
        if name not in sys.stdlib_module_names
        and name != "tidegate"
        and not declared & {canonicalize_name(owner) for owner in providers.get(name, [name])}
    }
    assert undeclared == set()


# --- ./dev -------------------------------------------------------------------------------------------


def dev(*args: str, folder: Path = ROOT, python: str = sys.executable, **env: str) -> subprocess.CompletedProcess[str]:
    command = [python, str(folder / "dev"), *args]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env={**os.environ, **env})


def checkout(folder: Path) -> Path:
    """What a fresh clone of the tree as it stands would hold: no ignored file, no environment."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.decode()
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def test_dev_needs_nothing_but_python() -> None:
    assert set(imports(ROOT / "dev")) - sys.stdlib_module_names == set()


def test_dev_names_its_verbs_when_asked_or_mistaken() -> None:
    told = dev("--help")
    assert told.returncode == 0
    wrong = dev("tset")
    assert wrong.returncode == 2
    for verb in ("demo", "serve", "test", "bench", "lint", "docs", "setup", "lock"):
        assert f"./dev {verb}" in told.stdout
        assert verb in wrong.stderr


def test_readme_and_contributing_name_only_verbs_that_there_are() -> None:
    text = "".join((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "CONTRIBUTING.md"))
    told = dev("--help").stdout
    used = set(re.findall(r"\./dev (\w+)", text))
    assert used >= {"demo", "test"}
    assert {verb for verb in used if f"./dev {verb}" not in told} == set()


def test_dev_names_the_debian_package_when_ensurepip_is_absent(tmp_path: Path) -> None:
    for name in ("dev", "pyproject.toml", NEWCOMER):
        shutil.copy(ROOT / name, tmp_path)
    without = "import runpy, sys; sys.modules['ensurepip'] = None; sys.argv = sys.argv[1:]; "
    without += "runpy.run_path(sys.argv[0], run_name='__main__')"
    result = subprocess.run(
        [sys.executable, "-c", without, str(tmp_path / "dev"), "setup"],
        capture_output=True,
        text=True,
        env={"PATH": ""},
    )
    assert result.returncode == 1
    assert f"apt-get install python{sys.version_info.major}.{sys.version_info.minor}-venv" in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / ".venv").exists()


@pytest.mark.ci
def test_dev_refuses_a_package_that_differs_from_the_locked_one(tmp_path: Path) -> None:
    """A wheel swapped for another under the same name and version is not installed."""
    for name in ("dev", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    (wheels / "tampered-1.0.tar.gz").write_bytes(b"not what was locked")
    (tmp_path / NEWCOMER).write_text(f"tampered==1.0 \\\n    --hash=sha256:{'0' * 64}\n", encoding="utf-8")
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels), "PATH": os.defpath}
    result = dev("setup", folder=tmp_path, **offline)
    assert result.returncode == 1
    assert "differs from the one that was locked" in result.stderr
    assert "Traceback" not in result.stderr
    # Nothing was stamped as done: the next call tries again.
    assert dev("setup", folder=tmp_path, **offline).returncode == 1


@pytest.mark.ci
def test_a_fresh_clone_runs_the_demo_with_plain_python(tmp_path: Path) -> None:
    """README's first command, in an empty folder, without uv on the PATH; then again with nothing to do."""
    folder = checkout(tmp_path / "tidegate")
    python = Path(sys.base_prefix, "bin", f"python{sys.version_info.major}.{sys.version_info.minor}")
    path = {"PATH": os.pathsep.join(p for p in os.environ["PATH"].split(os.pathsep) if not Path(p, "uv").exists())}
    first = dev("demo", "--no-serve", folder=folder, python=str(python), **path)
    assert first.returncode == 0, first.stdout + first.stderr
    assert "Installing tidegate itself" in first.stdout
    again = dev("setup", folder=folder, python=str(python), **path)
    assert again.returncode == 0
    assert "Installing" not in again.stdout


@pytest.mark.ci
def test_an_environment_that_was_copied_is_made_anew(tmp_path: Path) -> None:
    """A virtual environment holds its own path: a copied folder would go on running the original's code."""
    for name in ("dev", "pyproject.toml", NEWCOMER, CI):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").symlink_to(sys.executable)
    (tmp_path / ".venv" / "from the original").touch()
    shutil.copy(ROOT / ".venv" / "tidegate-setup.json", tmp_path / ".venv")
    result = dev("setup", folder=tmp_path, PIP_NO_INDEX="1", PIP_FIND_LINKS="", PATH=os.defpath)
    assert "made elsewhere" in result.stdout
    assert not (tmp_path / ".venv" / "from the original").exists()
    # There is no package to install from here, and it does not pretend otherwise.
    assert result.returncode == 1
    assert "does not have a locked version" in result.stderr


# --- the sizes of a test run -------------------------------------------------------------------------


Run = Callable[[str, str], pytest.RunResult]


@pytest.fixture
def run_in_size(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a small test file under our own conftest, with a program that no machine has."""
    conftest = (ROOT / "tests" / "conftest.py").read_text(encoding="utf-8")
    pytester.makeconftest(conftest + '\nPROGRAMS["unicorn"] = (lambda: False, "catch one")\n')
    marks = "".join(f"    {mark}\n" for mark in PYPROJECT["tool"]["pytest"]["ini_options"]["markers"])
    pytester.makeini(f"[pytest]\npythonpath = {shlex.quote(str(ROOT))}\naddopts = --strict-markers\nmarkers =\n{marks}")
    monkeypatch.setenv("TIDEGATE_DATA", str(pytester.path / "nowhere"))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # the conftest needs none, and loading them takes long

    def run(size: str, code: str) -> pytest.RunResult:
        pytester.makepyfile(test_one=f"import pytest\n\n{code}")
        return pytester.runpytest_subprocess("-p", "no:cacheprovider", f"--size={size}")

    return run


UNICORN = "@pytest.mark.needs('unicorn')\ndef test_ride(): pass\n"


def test_a_newcomer_skips_what_the_machine_lacks_and_is_told(run_in_size: Run) -> None:
    result = run_in_size("newcomer", UNICORN + "def test_walk(): pass\n")
    assert result.ret == 0
    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(["*test_ride: needs unicorn: catch one*", "*1 passed, 1 skipped*"])


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (UNICORN, {"errors": 1}),
        ("def test_shy(): pytest.skip('not today')\n", {"skipped": 1}),
        ("absent = pytest.importorskip('a_module_that_is_not_there')\n", {"skipped": 1}),
    ],
    ids=["program absent", "skip inside a test", "whole file skipped"],
)
def test_ci_fails_on_any_skip(run_in_size: Run, code: str, outcome: dict[str, int]) -> None:
    result = run_in_size("ci", code + "\ndef test_fine(): pass\n")
    assert result.ret != 0
    outcomes = result.parseoutcomes()
    assert {key: outcomes.get(key) for key in outcome} == outcome


def test_ci_lets_data_tests_go_only_where_there_is_no_data(
    run_in_size: Run, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "@pytest.mark.data\ndef test_read(shared_data): assert list(shared_data.iterdir())\n"
    result = run_in_size("ci", code)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*test_read: no data folder beside the checkout*"])
    data = pytester.mkdir("data")
    (data / "a.csv").touch()
    monkeypatch.setenv("TIDEGATE_DATA", str(data))
    run_in_size("ci", code).assert_outcomes(passed=1)


def test_each_size_runs_its_own(run_in_size: Run) -> None:
    marked = "".join(f"@pytest.mark.{size}\ndef test_{size}(): pass\n" for size in ("ci", "soak"))
    code = marked + "def test_small(): pass\n"
    for size, passed in (("newcomer", 1), ("ci", 2), ("soak", 3)):
        run_in_size(size, code).assert_outcomes(passed=passed, deselected=3 - passed)


def test_a_misspelt_program_is_an_error(run_in_size: Run) -> None:
    result = run_in_size("newcomer", "@pytest.mark.needs('chromuim')\ndef test_page(): pass\n")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*'chromuim'*chromium*"])


def test_hypothesis_tries_more_in_larger_sizes(run_in_size: Run) -> None:
    code = (
        "from hypothesis import given, strategies as st\nseen = []\n"
        "@given(st.integers())\ndef test_any(n): seen.append(n)\n"
        "def test_count(): print(f'tried {len(seen)}'); assert 0\n"
    )
    tried = {}
    for size in ("newcomer", "ci"):
        (tried[size],) = map(int, re.findall(r"^tried (\d+)", run_in_size(size, code).stdout.str(), re.M))
    assert 0 < tried["newcomer"] * 2 < tried["ci"]


# --- the tree ----------------------------------------------------------------------------------------


def tree() -> list[Path]:
    """Every file that a clone would hold."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.decode()
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def test_no_machine_and_no_package_index_is_named() -> None:
    """The tree must read the same wherever it was made."""
    # Put together from halves, or this file would find itself.
    hosts = ("py" + r"pi\.org", "python" + r"hosted\.org", "registry" + r"\.npmjs")
    machine = re.compile("|".join([*hosts, r"(?<![\w./])/(?:root|home|work|opt)/\w"]).encode())
    assert machine.search(b"see /ho" + b"me/somebody/notes")
    found = []
    for path in tree():
        found += [f"{path.relative_to(ROOT)}: {told}" for told in machine.findall(path.read_bytes())]
    assert found == []


def test_whatever_is_vendored_brings_its_licence() -> None:
    packages = {
        ROOT.joinpath(*relative.parts[: relative.parts.index("vendor") + 2])
        for relative in (path.relative_to(ROOT) for path in tree())
        if "vendor" in relative.parts[:-2]
    }
    assert packages
    unlicensed = [
        package
        for package in packages
        if not any(re.match(r"(LICEN[CS]E|COPYING|OFL)", file.name, re.I) for file in package.rglob("*"))
    ]
    assert unlicensed == []


def test_the_changelog_knows_this_version() -> None:
    headings = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
    assert tidegate.__version__ in headings


def test_the_map_of_the_largest_room_names_every_module() -> None:
    from tidegate import movements

    rooms = re.findall(r"^    (?:\S+ ){1,3}\s+(.+)$", movements.__doc__ or "", re.M)
    there = {path.stem for path in (SOURCE / "movements").glob("*.py")} - {"__init__", "apps"}
    assert sorted(name for line in rooms for name in line.split(", ")) == sorted(there)


def test_every_picture_and_page_that_the_readme_points_at_is_there() -> None:
    for name in ("README.md", "CONTRIBUTING.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        local = [target for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text) if "://" not in target]
        assert [target for target in local if not (ROOT / target).exists()] == []
