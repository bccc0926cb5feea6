/**
 * Merges the VPC's resolver into Docker's daemon.json, on a host without Node: a constant, for the python3 that cloud-init itself runs
 * on (3.6 and newer, its own library alone). Metadata by IMDSv2; every other key stays, in its order; what it did is written
 * down as `portfence dns` does, which can so take it back. Arguments: further resolvers.
 */
export const DNS_PROGRAM = String.raw`
import hashlib, ipaddress, json, os, re, subprocess, sys, urllib.request

FILE = "/etc/docker/daemon.json"
BASE = os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://169.254.169.254").rstrip("/")


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), NoRedirect())


def ask(path, method="GET", **headers):
    named = {"X-aws-ec2-metadata-" + name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(BASE + "/latest/" + path, method=method, headers=named)
    with opener.open(request, timeout=2) as answer:
        return answer.read(65536).decode("ascii").strip()


def expect(form, text):
    if not re.match(form + r"\Z", text):
        sys.exit("portfence: EC2 metadata tells something odd: " + repr(text[:80]))
    return text


def once(pairs):
    if len(dict(pairs)) != len(pairs):
        sys.exit("portfence: " + FILE + " has a key twice; nothing was written")
    return dict(pairs)


def refuse(name):
    raise ValueError(name + " is no JSON")


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def read(path):
    try:
        with open(path, encoding="utf-8", newline="") as file:
            return file.read()
    except FileNotFoundError:
        return None


def write(path, text, like):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    temporary = path + ".portfence-tmp"
    with open(temporary, "w", encoding="utf-8", newline="") as file:
        file.write(text)
    if like:
        os.chown(temporary, like.st_uid, like.st_gid)
    os.chmod(temporary, like.st_mode & 0o7777 if like else 0o644)
    return temporary


try:
    token = expect(r"[!-~]{1,1024}", ask("api/token", "PUT", token_ttl_seconds="60"))
    mac = expect(r"([0-9a-f]{2}:){5}[0-9a-f]{2}", ask("meta-data/mac", token=token))
    block = ask("meta-data/network/interfaces/macs/" + mac + "/vpc-ipv4-cidr-block", token=token)
except (OSError, ValueError) as problem:
    sys.exit("portfence: EC2 metadata at " + BASE + " does not answer: " + str(problem))
network = ipaddress.IPv4Network(expect(r"[0-9.]{7,15}/(1[6-9]|2[0-8])", block))
wanted = [str(network.network_address + 2)] + sys.argv[1:]

before = read(FILE)
try:
    config = json.loads(before, object_pairs_hook=once, parse_constant=refuse) if before and before.strip() else {}
    there = config.get("dns") or []
    if not isinstance(there, list):
        raise ValueError("dns is no list")
except (ValueError, AttributeError) as problem:
    sys.exit("portfence: " + FILE + " is no JSON that Docker takes: " + str(problem) + "; nothing was written")
added = [server for server in wanted if server not in there]
if not added:
    sys.exit(0)
config["dns"] = added + there
step = re.search(r"\n([ \t]+)\"", before or "")
after = json.dumps(config, indent=step.group(1) if step else 2, ensure_ascii=False) + "\n"
target = os.path.realpath(FILE)
like = os.stat(target) if before is not None else None
temporary = write(target, after, like)
try:
    check = subprocess.run(["dockerd", "--validate", "--config-file", temporary], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if check.returncode != 0 and b"unknown flag" not in check.stderr:
        os.remove(temporary)
        sys.exit("portfence: Docker refuses the new " + FILE + "; nothing was written: " + check.stderr.decode(errors="replace"))
except FileNotFoundError:
    pass
old = json.loads(read(FILE + ".portfence") or "{}")
same = not old or old["wrote"] == digest(before or "")
record = {
    "version": 1,
    "added": added + old.get("added", []),
    "existed": old.get("existed", before is not None),
    "wrote": digest(after) if same else "",
    "unread": None,
}
if before is not None and not old:
    os.replace(write(FILE + ".before-portfence", before, like), FILE + ".before-portfence")
os.replace(write(FILE + ".portfence", json.dumps(record) + "\n", like), FILE + ".portfence")
os.replace(temporary, target)
if subprocess.call(["systemctl", "is-active", "--quiet", "docker.service"]) == 0:
    sys.exit(subprocess.call(["systemctl", "restart", "docker.service"]))
`.trimStart();
