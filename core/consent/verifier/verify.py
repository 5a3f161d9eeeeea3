#!/usr/bin/env python3
"""Checks an exported consent ledger without a line of the library that wrote it.

    python3 verify.py export.json [--service HEX]...

HEX is a public key of the account service (65 bytes, uncompressed SEC1, in hex), as the service publishes it. Without one,
other devices' grants and all receipts count for nothing. The exporting device's own grants count in any case: whether the
service vouches for that device is said beside the result ("exporter_certified"). Exit status: 0 the export is sound, 1 it is not, 2 usage.

What is checked, as FORMAT.md describes it: every record is deterministic CBOR and a
COSE_Sign1 with a valid ES256 signature by the key its header names; all entries are about one subject; the exporting
device's chain has neither gap nor fork; payloads match commitments, and none is there after an erasure; the state the
document claims for each purpose follows from the entries; what it claims to be complete is confirmed by receipts.
"""

import argparse
import base64
import hashlib
import io
import json
import sys

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

ENTRY = "application/pforte-consent-entry+cbor"
CERTIFICATE = "application/pforte-consent-certificate+cbor"
REVOCATION = "application/pforte-consent-revocation+cbor"
RECEIPT = "application/pforte-consent-receipt+cbor"
STATES = {1: "informed", 2: "asked", 3: "granted", 4: "denied", 5: "withdrawn", 6: "objected", 7: "expired"}
MEMBERS = {CERTIFICATE: {1, 2, 3, 4}, REVOCATION: {1, 2, 3, 4, 5}, RECEIPT: {1, 2, 3, 4, 5, 6}}
NOTES = {"informed", "asked"}
RESTRICTIONS = {"denied", "withdrawn", "objected", "expired"}
ZERO = bytes(32)


class Unsound(Exception):
    """The export does not hold."""


def require(condition, *why):
    if not condition:
        raise Unsound(" ".join(str(part) for part in why))


def decode(data, what):
    """One item of deterministic CBOR, and nothing after it."""
    stream = io.BytesIO(data)
    try:
        item = cbor2.CBORDecoder(stream).decode()
    except Exception as error:  # the library raises many kinds
        raise Unsound(f"{what}: not CBOR: {error}") from error
    require(stream.tell() == len(data), what, "has bytes after its end")
    require(cbor2.dumps(item, canonical=True) == data, what, "is not in deterministic encoding")
    return item


def point_of(cose_key):
    require(set(cose_key) == {1, -1, -2, -3} and cose_key[1] == 2 and cose_key[-1] == 1, "not a P-256 COSE key")
    require(len(cose_key[-2]) == 32 and len(cose_key[-3]) == 32, "not a P-256 COSE key")
    return b"\x04" + cose_key[-2] + cose_key[-3]


def thumbprint(point):
    """RFC 9679 with SHA-256."""
    key = {1: 2, -1: 1, -2: point[1:33], -3: point[33:65]}
    return hashlib.sha256(cbor2.dumps(key, canonical=True)).digest()


def signature_holds(point, signed, signature):
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    try:
        key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


class Record:
    """A COSE_Sign1, its header checked, its signature not yet."""

    def __init__(self, text, kind, number):
        self.what = f"{kind.split('-')[-1].split('+')[0]} {number}"
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        item = decode(data, self.what)
        require(isinstance(item, cbor2.CBORTag) and item.tag == 18, self.what, "is no COSE_Sign1")
        require(len(item.value) == 4, self.what, "is no COSE_Sign1")
        protected, unprotected, body, self.signature = item.value
        header = decode(protected, self.what + ": header")
        require(set(header) == {1, 4, 16} and header[1] == -7, self.what, "has a header of another kind")
        require(header[16] == kind, self.what, "is of another kind:", header[16])
        require(unprotected == {}, self.what, "has an unprotected header")
        require(len(self.signature) == 64, self.what, "has a signature of another length")
        self.signer = header[4]
        self.body = decode(body, self.what + ": body")
        require(isinstance(self.body, dict) and self.body.get(1) == 1, self.what, "is of another version")
        self.signed = cbor2.dumps(["Signature1", protected, b"", body], canonical=True)
        self.hash = hashlib.sha256(self.signed).digest()

    def check(self, point):
        require(thumbprint(point) == self.signer, self.what, "names another key than it carries")
        require(signature_holds(point, self.signed, self.signature), self.what, "has a signature that does not verify")


class Entry(Record):
    def __init__(self, text, number):
        super().__init__(text, ENTRY, number)
        body = self.body
        self.check(point_of(body[5]))
        self.device = self.signer
        self.seq, self.prev, self.subject, self.wall = body[2], body[3], body[4], body[10]
        self.state = STATES.get(body[6])
        self.purpose, self.text, self.commitment = body.get(7), body.get(8), body.get(12)
        self.seen = [tuple(head) for head in body[9]]
        self.head = (self.device, self.seq, self.hash)
        self.erases = body[6] == 0
        members = {1, 2, 3, 4, 5, 6, 9, 10, 11}
        if self.erases:
            require(set(body) == members, self.what, "has members that no tombstone has")
            return
        require(self.state is not None, self.what, "has an unknown state")
        allowed = {8, 13} | ({14, 15} if self.state == "granted" else set())
        require(members | {7, 12} <= set(body) <= members | {7, 12} | allowed, self.what, "has other members than its kind")
        require(self.state != "granted" or self.text is not None, self.what, "grants without a text")


class Ledger:
    def __init__(self, document, services):
        self.document = document
        self.subject = bytes.fromhex(document["pforte:subject"])
        self.own = bytes.fromhex(document["pforte:device"])
        self.entries = [Entry(text, at) for at, text in enumerate(document["pforte:entries"])]
        self.by_hash = {entry.hash: entry for entry in self.entries}
        require(len(self.by_hash) == len(self.entries), "an entry is there twice")
        for entry in self.entries:
            require(entry.subject == self.subject, entry.what, "is about another subject")
        self.services = {thumbprint(point): point for point in services}
        self.strangers = 0
        self.certified = {self.own}
        self.vouched = False
        for record in self.service_records("pforte:certificates", CERTIFICATE):
            self.certified.add(record.body[3])
            self.vouched |= record.body[3] == self.own
        self.revoked = {}
        for record in self.service_records("pforte:revocations", REVOCATION):
            known = self.revoked.get(record.body[3], record.body[5])
            self.revoked[record.body[3]] = min(known, record.body[5])
        self.receipts = {}
        for record in self.service_records("pforte:receipts", RECEIPT):
            held = self.receipts.get(record.body[3])
            if held is None or held[0] < record.body[5]:
                self.receipts[record.body[3]] = (record.body[5], record.body[6])
        self.clean = self.clean_entries()
        self.erased = any(entry.erases and self.believed(entry) for entry in self.entries)

    def service_records(self, member, kind):
        records = [Record(text, kind, at) for at, text in enumerate(self.document[member])]
        for record in records:
            require(record.body[2] == self.subject, record.what, "is about another subject")
            point = self.services.get(record.signer)
            if point is None:
                self.strangers += 1
            else:
                record.check(point)
                require(set(record.body) == MEMBERS[kind], record.what, "has other members than its kind")
                yield record

    def clean_entries(self):
        """The hashes of all entries on their chain before the first gap or fork."""
        clean = set()
        for device in {entry.device for entry in self.entries}:
            chain = sorted((entry for entry in self.entries if entry.device == device), key=lambda entry: entry.seq)
            prev = ZERO
            for at, entry in enumerate(chain):
                fork = at + 1 < len(chain) and chain[at + 1].seq == entry.seq
                whole = entry.seq == at and entry.prev == prev and not fork
                require(whole or device != self.own, entry.what, "breaks the chain of the exporting device")
                if not whole:
                    break
                clean.add(entry.hash)
                prev = entry.hash
        return clean

    def believed(self, entry):
        """Whether the device is certified and the entry lies before a revocation."""
        return entry.device in self.certified and not self.is_revoked(entry)

    def is_revoked(self, entry):
        return entry.seq >= self.revoked.get(entry.device, entry.seq + 1)

    def trusted(self, entry):
        return entry.hash in self.clean and self.believed(entry)

    def past(self, entry):
        """What an entry had certainly seen."""
        past, open_entries = set(), [entry]
        while open_entries:
            entry = open_entries.pop()
            heads = [(entry.device, entry.seq - 1, entry.prev)]
            heads += entry.seen if self.trusted(entry) else []
            for head in heads:
                held = self.by_hash.get(head[2])
                if held is not None and held.head == head and held.hash not in past:
                    past.add(held.hash)
                    open_entries.append(held)
        return past

    def granting(self, purpose):
        """The trusted grants that have every restriction in their past."""
        about = [entry for entry in self.entries if entry.purpose == purpose]
        restrictions = {entry.hash for entry in about if entry.state in RESTRICTIONS}
        restrictions |= {entry.hash for entry in self.entries if entry.erases}
        grants = [entry for entry in about if entry.state == "granted" and self.trusted(entry)]
        return set() if self.erased else {entry.hash for entry in grants if restrictions <= self.past(entry)}

    def check_process(self, process):
        purpose, state = process["pforte:purpose"], process["pforte:state"]
        about = [entry for entry in self.entries if entry.purpose == purpose]
        granting = self.granting(purpose)
        named = self.by_hash.get(bytes.fromhex(process["pforte:entry"] or ""))
        what = f"purpose {purpose}: the document says {state}, the entries"
        require(not process["pforte:live"] or state == "granted", what, "can't be live")
        if state == "unknown":
            decisions = {entry.state for entry in about if self.trusted(entry) or entry.state in RESTRICTIONS}
            require(not decisions and named is None, what, "say", decisions)
        elif state == "granted":
            require(named is not None and named.hash in granting, what, "hold no such grant")
        elif state == "expired":
            ran_out = named is not None and named.hash in granting
            recorded = named is not None and named.state == "expired" and not granting
            require(named is not None and named.purpose == purpose and (ran_out or recorded), what, "hold nothing that expired")
        else:
            require(named is not None, what, "lack what it names")
            require(not granting, what, "grant it")
            tombstone = named.erases and state == "withdrawn"
            require(tombstone or (named.purpose == purpose and named.state == state), what, "say", named.state)
            require(state not in NOTES or not any(entry.state in RESTRICTIONS for entry in about), what, "restrict it")
        shown = (process.get("dpv:hasNotice") or {}).get("pforte:sha256")
        if shown is not None:
            require(named is not None and named.text == bytes.fromhex(shown), what, "name another text")

    def check_payloads(self):
        commitments = {entry.commitment for entry in self.entries if entry.commitment is not None}
        for at, text in enumerate(self.document["pforte:payloads"]):
            data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            require(not self.erased, f"payload {at} is there after an erasure")
            require(hashlib.sha256(data).digest() in commitments, f"payload {at} belongs to no entry")
            decode(data, f"payload {at}")

    def lacking(self):
        named = {head for entry in self.entries for head in entry.seen}
        named |= {(entry.device, entry.seq - 1, entry.prev) for entry in self.entries if entry.seq > 0}
        named |= {(device, seq, head) for device, (seq, head) in self.receipts.items()}
        return {head for head in named if head[2] not in self.by_hash}

    def reaches_back(self, head):
        """Whether the entry and every one before it on its chain is there."""
        while head != ZERO and head in self.by_hash:
            head = self.by_hash[head].prev
        return head == ZERO

    def check_completeness(self):
        for claim in self.document["pforte:completeUpTo"]:
            device, head = bytes.fromhex(claim["pforte:device"]), bytes.fromhex(claim["pforte:head"])
            confirmed = self.receipts.get(device) == (claim["pforte:seq"], head)
            require(confirmed, "completeness is claimed that no receipt confirms")
            require(self.reaches_back(head), "completeness is claimed where entries are missing")
        followed = {entry.prev for entry in self.entries}
        tips = [entry for entry in self.entries if entry.hash not in followed]
        confirmed = all(self.receipts.get(tip.device) == (tip.seq, tip.hash) or self.is_revoked(tip) for tip in tips)
        complete = confirmed and not self.lacking()
        require(complete or not self.document["pforte:complete"], "the document claims to be complete and is not")
        return complete

    def check(self):
        require(self.document["pforte:erased"] == self.erased, "the document is wrong about an erasure")
        self.check_payloads()
        processes = self.document["dpv:hasProcess"]
        for process in processes:
            self.check_process(process)
        return {
            "entries": len(self.entries),
            "exporter_certified": self.vouched,
            "devices": len({entry.device for entry in self.entries}),
            "purposes": {process["pforte:purpose"]: process["pforte:state"] for process in processes},
            "complete": self.check_completeness(),
            "lacking": len(self.lacking()),
            "by_unknown_services": self.strangers,
        }


def verify(document, services=()):
    """What the export holds; raises Unsound where it does not hold."""
    try:
        return Ledger(document, services).check()
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Unsound(f"a member is missing or of another kind: {error!r}") from error


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("export")
    parser.add_argument("--service", action="append", default=[], type=bytes.fromhex, metavar="HEX")
    arguments = parser.parse_args()
    with open(arguments.export, encoding="utf-8") as file:
        document = json.load(file)
    try:
        found = verify(document, arguments.service)
    except Unsound as error:
        print(f"NOT SOUND: {error}")
        return 1
    print("sound: " + json.dumps(found, sort_keys=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())
