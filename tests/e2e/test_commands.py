# SPDX-License-Identifier: Apache-2.0
"""Every command's help, complaints and exit codes: 0 yes, 1 no, 2 usage, 3 trouble."""
import json
import re
import shutil
import subprocess

import pytest

from gate import PROGRAM, ROOT, run

YES, NO, USAGE, TROUBLE = 0, 1, 2, 3
COMMANDS = re.findall(r"EG_COMMAND\((\w+)\)", (ROOT / "src/command/commands.def").read_text().split("*/")[-1])
EVENT = '{"a": "b"}'
PATTERN = '{"a": ["b"]}'


@pytest.fixture(scope="module")
def key_pair(tmp_path_factory):
    made = tmp_path_factory.mktemp("keys")
    assert run("token", "keygen", "--out", "key.pem", "--public-out", "keys.json", cwd=made).returncode == YES
    return made


@pytest.fixture
def folder(tmp_path, key_pair):
    """A working directory with one of each file that the commands read."""
    files = {
        "schema.json": '{"type": "object", "required": ["a"]}', "narrow.json": '{"type": "object", "required": ["a", "b"]}',
        "good.json": EVENT, "bad.json": "{}", "broken.json": "{", "list.ndjson": f"{EVENT}\n{{}}\n{{\n",
        "context.json": json.dumps({"credentials": {"access_key_id": "AKIDEXAMPLE", "secret_access_key": "secret"},
                                    "region": "us-east-1", "service": "service", "timestamp": "2015-08-30T12:36:00Z"}),
        "request.txt": "GET / HTTP/1.1\nHost:example.amazonaws.com\n\n", "no-request.txt": "nonsense",
        "typo.yaml": "sever: {}\nauth: {public_keys_file: keys.json}\n",
        "good.yaml": "auth: {public_keys_file: keys.json}\n",
    }
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    for path in key_pair.iterdir():
        shutil.copy2(path, tmp_path)
    return tmp_path


# --- all of them

def test_help_lists_every_command():
    for arguments in ([], ["help"], ["--help"], ["-h"]):
        done = run(*arguments)
        assert (done.returncode, done.stderr) == (YES, "")
        assert re.findall(r"^  (\w+) +\S", done.stdout, re.M) == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_page(command):
    done = run(command, "--help")
    assert (done.returncode, done.stderr) == (YES, "")
    page = done.stdout.lower()
    assert page.startswith(f"usage: eventgate {command}") and "exit codes: 0 " in page
    assert all(len(line) <= 100 for line in page.splitlines())
    for same in ([command, "-h"], ["help", command], [command, "--nonsense", "--help"]):
        assert run(*same).stdout == done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_of_a_page_is_one_that_the_command_knows(command):
    """What the page names must not be answered as if it were unknown."""
    for option in set(re.findall(r"(?:^  +(?:-\w, +)?|[ \[|(])(--[a-z][a-z-]+)", run(command, "--help").stdout, re.M)):
        verbs = {"token": ["issue", "verify", "keygen"], "schema": ["diff"]}.get(command, [None])
        told = [run(command, *([verb] if verb else []), option, stdin="", timeout=20).stderr for verb in verbs]
        assert not all("unrecognized option" in each for each in told), (option, told)


@pytest.mark.parametrize("command", [*COMMANDS, "token issue", "token verify", "token keygen", "schema diff"])
def test_an_unknown_option_is_a_usage_error(command, tmp_path):
    done = run(*command.split(), "--nonsense", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (USAGE, "")
    assert done.stderr.startswith(f"eventgate {command.split()[0]}: ") and "--nonsense" in done.stderr
    assert f"Try 'eventgate {command.split()[0]} --help'" in done.stderr


def test_an_unknown_command_is_a_usage_error():
    done = run("sreve")
    assert (done.returncode, done.stdout) == (USAGE, "")
    assert done.stderr == "eventgate: no command 'sreve'\nTry 'eventgate help'.\n"


@pytest.mark.parametrize("arguments", ["version", "help", "completion bash", "validate --schema schema.json good.json"])
def test_an_answer_that_can_not_be_written_is_trouble(folder, arguments):
    with open("/dev/full", "w") as full:
        done = subprocess.run([PROGRAM, *arguments.split()], stdout=full, stderr=subprocess.PIPE, text=True, cwd=folder,
                              timeout=60, check=False)
    assert done.returncode == TROUBLE and "No space left on device" in done.stderr


# --- each of them: arguments, exit code, what stdout begins with, what stderr holds

CASES = [
    ("serve --listen", USAGE, "", "--listen"),
    ("serve surplus", USAGE, "", "'surplus'"),
    ("serve -c nothing.yaml", TROUBLE, "", "nothing.yaml"),
    ("serve -c typo.yaml", TROUBLE, "", "sever"),
    ("serve -c good.yaml --listen nonsense", TROUBLE, "", "--listen"),

    ("check -c", USAGE, "", "'c'"),
    ("check surplus", USAGE, "", "'surplus'"),
    ("check -c nothing.yaml", TROUBLE, "", "nothing.yaml"),
    ("check -c typo.yaml", NO, "", "typo.yaml:1:1: "),
    ("check -c good.yaml", YES, "configuration ok: ", None),
    ("check -c good.yaml --dump", YES, "", None),
    ("check --docs", YES, "#", None),

    ("token", USAGE, "", "issue, verify or keygen"),
    ("token sign", USAGE, "", "'sign'"),
    ("token issue --sub alice", USAGE, "", "--key"),
    ("token issue --key key.pem", USAGE, "", "--sub"),
    ("token issue --key key.pem --sub alice --expires soon", USAGE, "", "'soon'"),
    ("token issue --key key.pem --sub alice --alg HS256", USAGE, "", "HS256"),
    ("token issue --key key.pem --sub alice --claim nonsense", USAGE, "", "nonsense"),
    ("token issue --key nothing.pem --sub alice", TROUBLE, "", "nothing.pem"),
    ("token issue --key broken.json --sub alice", TROUBLE, "", "broken.json"),
    ("token issue --key key.pem --sub alice", YES, "ey", None),
    ("token verify x.y.z", USAGE, "", "--keys"),
    ("token verify --keys keys.json a b", USAGE, "", "more than one"),
    ("token verify --keys keys.json --alg nonsense x.y.z", USAGE, "", "nonsense"),
    ("token verify --keys keys.json --leeway soon x.y.z", USAGE, "", "soon"),
    ("token verify --keys keys.json x.y.z", NO, "invalid: ", None),
    ("token verify --keys nothing.json x.y.z", TROUBLE, "", "nothing.json"),
    ("token verify --keys-url http://127.0.0.1:9/keys x.y.z", TROUBLE, "", "http://127.0.0.1:9/keys"),
    ("token keygen --out new.pem", USAGE, "", "--public-out"),
    ("token keygen --out new.pem --public-out new.json --type DSA", USAGE, "", "DSA"),
    ("token keygen --out new.pem --public-out new.json --format asn1", USAGE, "", "asn1"),
    ("token keygen --out key.pem --public-out new.json", TROUBLE, "", "File exists"),
    ("token keygen --out new.pem --public-out new.json --type P-256", YES, "", None),

    ("validate good.json", USAGE, "", "--schema"),
    ("validate --schema schema.json --draft 5", USAGE, "", "'5'"),
    ("validate --schema schema.json --ref-dir nonsense", USAGE, "", "nonsense"),
    ("validate --schema nothing.json good.json", TROUBLE, "", "nothing.json"),
    ("validate --schema broken.json good.json", TROUBLE, "", "broken.json"),
    ("validate --schema schema.json nothing.json", TROUBLE, "", "nothing.json"),
    ("validate --schema schema.json good.json", YES, "valid\n", None),
    ("validate --schema schema.json good.json bad.json", NO, "valid\ninvalid\t'a' is a required property\n", None),

    ("schema", USAGE, "", "diff OLD NEW"),
    ("schema diff schema.json", USAGE, "", "two files"),
    ("schema diff schema.json nothing.json", TROUBLE, "", "nothing.json"),
    ("schema diff schema.json broken.json", TROUBLE, "", "the new schema"),
    ("schema diff schema.json schema.json", YES, "0 breaking", None),
    ("schema diff schema.json narrow.json", NO, "BREAKING", None),

    ("match --pattern {}", USAGE, "", "--event"),
    ("match --pattern {} --event good.json", USAGE, "", "pattern"),
    ("match --pattern nothing.json --event good.json", TROUBLE, "", "nothing.json"),
    (f"match --pattern {PATTERN.replace(' ', '')} --event nothing.json", TROUBLE, "", "nothing.json"),
    (f"match --pattern {PATTERN.replace(' ', '')} --event broken.json", TROUBLE, "", "the event"),
    (f"match --pattern {PATTERN.replace(' ', '')} --event good.json", YES, "match\n", None),
    (f"match --pattern {PATTERN.replace(' ', '')} --event bad.json", NO, "no match\n", None),

    ("transform", USAGE, "", "--event"),
    ("transform --input-path nonsense --event good.json", USAGE, "", "path"),
    ("transform --template <x> --event good.json", USAGE, "", "x"),
    ("transform --event nothing.json", TROUBLE, "", "nothing.json"),
    ("transform --input-path $.a --event good.json", YES, '"b"', None),

    ("sigv4 --request request.txt", USAGE, "", "--context"),
    ("sigv4 --context - --request -", USAGE, "", "standard input"),
    ("sigv4 --context context.json --request request.txt --print nonsense", USAGE, "", "nonsense"),
    ("sigv4 --context nothing.json --request request.txt", TROUBLE, "", "nothing.json"),
    ("sigv4 --context bad.json --request request.txt", NO, "", "access_key_id"),
    ("sigv4 --context context.json --request no-request.txt", NO, "", "no-request.txt"),
    ("sigv4 --context context.json --request request.txt --print creq", YES, "GET\n/\n\n", None),

    ("credentials surplus", USAGE, "", "surplus"),
    ("credentials", NO, "", "AWS_ACCESS_KEY_ID"),

    ("events surplus", USAGE, "", "surplus"),
    ("events --limit many", USAGE, "", "many"),
    ("events --since yesterday", USAGE, "", "yesterday"),
    ("events --db a -c b", USAGE, "", "exclude"),
    ("events --follow --count", USAGE, "", "exclude"),
    ("events --db nothing.db", TROUBLE, "", "nothing.db"),
    ("events --db good.json", TROUBLE, "", "good.json"),

    ("migrate surplus", USAGE, "", "surplus"),
    ("migrate -c nothing.yaml", TROUBLE, "", "nothing.yaml"),
    ("migrate --dsn host=127.0.0.1 --dir nothing", TROUBLE, "", "nothing"),

    ("completion", USAGE, "", "bash zsh fish"),
    ("completion tcsh", USAGE, "", "tcsh"),
    ("completion bash zsh", USAGE, "", "one shell"),
    ("version surplus", USAGE, "", "surplus"),
    ("version", YES, "eventgate ", None),
    ("--version", YES, "eventgate ", None),
    ("help sreve", USAGE, "", "sreve"),
    ("help serve surplus", USAGE, "", "surplus"),
]
NO_CREDENTIALS = {"HOME": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true", "AWS_ACCESS_KEY_ID": "",
                  "AWS_SECRET_ACCESS_KEY": "", "AWS_PROFILE": "", "AWS_WEB_IDENTITY_TOKEN_FILE": "",
                  "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "", "AWS_CONTAINER_CREDENTIALS_FULL_URI": ""}


@pytest.mark.parametrize("arguments, code, begins, complains", CASES, ids=[case[0] for case in CASES])
def test_exit_codes(folder, arguments, code, begins, complains):
    done = run(*arguments.split(" "), stdin="", cwd=folder, env={"CONF_DIR": "", **NO_CREDENTIALS})
    assert done.returncode == code, done.stdout + done.stderr
    assert done.stdout.startswith(begins)
    if code in (USAGE, TROUBLE):
        assert done.stdout == "", "complaints are for stderr"
    if code == USAGE:
        assert "invalid" in done.stderr or "--help'" in done.stderr or arguments.startswith("transform")
    if complains is not None:
        assert complains in done.stderr + done.stdout


# --- what only one of them does

def test_standard_input_takes_the_place_of_files(folder):
    done = run("validate", "--schema", "schema.json", stdin=(folder / "list.ndjson").read_text(), cwd=folder)
    assert done.returncode == NO
    assert [line.split("\t")[0] for line in done.stdout.splitlines()] == ["valid", "invalid", "invalid"]
    token = run("token", "issue", "--key", "key.pem", "--sub", "alice", cwd=folder).stdout
    done = run("token", "verify", "--keys", "keys.json", stdin=token, cwd=folder)
    assert done.returncode == YES and done.stdout.startswith("valid") and "alice" in done.stdout
    assert run("match", "--pattern", PATTERN, "--event", "-", stdin=EVENT).returncode == YES
    assert run("transform", "--event", "-", stdin=EVENT).stdout.strip().replace(" ", "") == '{"a":"b"}'
    assert run("schema", "diff", "-", "schema.json", stdin="{}", cwd=folder).returncode == NO
    lines = f'{{"pattern": {PATTERN}, "event": {EVENT}}}\n{{"pattern": {PATTERN}, "event": {{}}}}\n{{}}\n'
    assert run("match", "--stdin", stdin=lines).stdout.split() == ["MATCH", "NO", "ERR"]


def test_what_validate_tells(folder):
    (folder / "strict.json").write_text(json.dumps({"properties": {"a": {"type": "integer"}, "m": {"format": "email"}},
                                                    "required": ["b"]}))
    (folder / "event.json").write_text('{"a": "line\\nbreak", "m": "nonsense"}')
    call = ["validate", "--schema", "strict.json", "event.json"]
    text = run(*call, "--all-errors", cwd=folder)
    assert text.returncode == NO and all("\n" not in line for line in text.stdout.split("\n"))
    assert re.findall(r"^  (\S+): .* \[(\S+)\]$", text.stdout, re.M) == \
        [("(root)", "/required"), ("/a", "/properties/a/type")]
    told = json.loads(run(*call, "--json", "--format", cwd=folder).stdout)
    assert told["valid"] is False
    assert {error["keyword"] for error in told["errors"]} == {"required", "type", "format"}
    assert {error["instancePath"] for error in told["errors"]} == {"", "/a", "/m"}
    assert json.loads(run("validate", "--schema", "schema.json", "--json", "good.json", cwd=folder).stdout) == \
        {"valid": True, "errors": []}


def test_what_schema_diff_tells(folder):
    told = json.loads(run("schema", "diff", "--json", "schema.json", "narrow.json", cwd=folder).stdout)
    assert (told["breaking"], told["unknown"]) == (1, 0)
    assert told["changes"][0]["pointer"] == "/required" and "b" in told["changes"][0]["text"]
    (folder / "pattern.json").write_text('{"type": "object", "required": ["a"], "properties": {"a": {"pattern": "x"}}}')
    (folder / "other.json").write_text('{"type": "object", "required": ["a"], "properties": {"a": {"pattern": "y"}}}')
    call = ["schema", "diff", "pattern.json", "other.json"]
    unsure, strict = run(*call, cwd=folder), run(*call, "--strict", cwd=folder)
    assert "1 unknown" in unsure.stdout and (unsure.returncode, strict.returncode) == (YES, NO)


def test_keygen_keeps_the_private_key_to_its_owner(folder):
    assert (folder / "key.pem").stat().st_mode & 0o777 == 0o600
    before = (folder / "key.pem").read_bytes()
    assert run("token", "keygen", "--out", "key.pem", "--public-out", "x", cwd=folder).returncode == TROUBLE
    assert (folder / "key.pem").read_bytes() == before and not (folder / "x").exists()


def test_the_version_is_the_headers():
    version = re.search(r'EVENTGATE_VERSION "([^"]+)"', (ROOT / "include/eventgate/version.h").read_text()).group(1)
    assert run("version").stdout.split()[:2] == ["eventgate", version]


@pytest.mark.parametrize("shell, check", [("bash", ["-n"]), ("zsh", ["-n"]), ("fish", ["--no-execute"])])
def test_completion_is_code_of_its_shell(tmp_path, shell, check):
    code = run("completion", shell).stdout
    for command in COMMANDS:
        assert command in code
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    (tmp_path / "code").write_text(code)
    done = subprocess.run([shell, *check, tmp_path / "code"], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("words, expected", [
    (["ser"], {"serve"}), (["completion", ""], {"bash", "zsh", "fish"}), (["help", "tok"], {"token"}),
    (["check", "--d"], {"--dump", "--docs"}), (["validate", "--h"], {"--help"}),
])
def test_completion_completes(words, expected):
    """Bash's own way of asking: COMP_WORDS, COMP_CWORD, and the function that is registered."""
    script = run("completion", "bash").stdout + (
        f"COMP_WORDS=(eventgate {' '.join(repr(word) for word in words)}); COMP_CWORD={len(words)}; "
        "_eventgate; printf '%s\\n' \"${COMPREPLY[@]}\"\n")
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert set(done.stdout.split()) == expected
