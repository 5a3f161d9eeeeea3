#!/usr/bin/env python3
"""The verifier accepts the golden exports, and none that was tampered with."""

import base64
import copy
import json
import pathlib
import unittest

import verify

DATA = pathlib.Path(__file__).resolve().parent.parent / "tests" / "data"
SERVICE = bytes.fromhex((DATA / "service.hex").read_text())


def golden(name="export.json"):
    return json.loads((DATA / name).read_text())


def flip(text, at):
    data = bytearray(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    data[at] ^= 1
    return base64.urlsafe_b64encode(bytes(data)).decode().rstrip("=")


def change(member, at):
    def apply(document):
        document[member][0] = flip(document[member][0], at)

    return apply


def drop(member, at):
    return lambda document: document[member].pop(at)


def claim(at, **members):
    def apply(document):
        document["dpv:hasProcess"][at].update({f"pforte:{name}": value for name, value in members.items()})

    return apply


def grant_entry(purpose, state="granted"):
    ledger = verify.Ledger(golden(), [SERVICE])
    return [entry.hash.hex() for entry in ledger.entries if entry.purpose == purpose and entry.state == state]


def strangers_grant():
    ledger = verify.Ledger(golden(), [SERVICE])
    return [entry.hash.hex() for entry in ledger.entries if entry.device not in ledger.certified][0]


def without_tail(document):
    document["pforte:entries"] = document["pforte:entries"][:3]


def twice(document):
    document["pforte:entries"].append(document["pforte:entries"][0])


def two_swapped_numbers(document):
    # Order does not matter in a set; an entry passed off as its neighbour does.
    document["pforte:entries"][1] = document["pforte:entries"][0]


def withdrawal_dropped(document):
    ledger = verify.Ledger(document, [SERVICE])
    at = [entry.state for entry in ledger.entries].index("withdrawn")
    document["pforte:entries"].pop(at)
    document["dpv:hasProcess"][0].update({"pforte:state": "granted", "pforte:entry": grant_entry("analytics")[0]})


def revocation_dropped(document):
    ledger = verify.Ledger(document, [SERVICE])
    lost = next(iter(ledger.revoked))
    grant = [entry.hash.hex() for entry in ledger.entries if entry.device == lost and entry.purpose == "crm.link"][0]
    document["pforte:revocations"].pop()
    claim(1, state="granted", entry=grant, live=True)(document)


def payload_resynced(document):
    document["pforte:payloads"] = golden()["pforte:payloads"][:1]


TAMPERED = [
    ("a changed byte in an entry's signature", "export.json", change("pforte:entries", -1)),
    ("a changed byte in an entry's body", "export.json", change("pforte:entries", 120)),
    ("a changed byte in an entry's header", "export.json", change("pforte:entries", 40)),
    ("a changed certificate", "export.json", change("pforte:certificates", -1)),
    ("a changed revocation", "export.json", change("pforte:revocations", -1)),
    ("a revocation dropped, and the lost device's grant claimed", "export.json", revocation_dropped),
    ("a changed receipt", "export.json", change("pforte:receipts", -1)),
    ("a changed payload", "export.json", change("pforte:payloads", 10)),
    ("the first entry dropped", "export.json", drop("pforte:entries", 0)),
    ("an entry in the middle dropped", "export.json", drop("pforte:entries", 2)),
    ("the tail cut", "export.json", without_tail),
    ("an entry twice", "export.json", twice),
    ("an entry passed off as its neighbour", "export.json", two_swapped_numbers),
    ("a withdrawal dropped, and the grant before it claimed", "export.json", withdrawal_dropped),
    ("a receipt dropped, completeness still claimed", "export.json", drop("pforte:receipts", 0)),
    ("a withdrawn purpose claimed as granted", "export.json", claim(0, state="granted")),
    ("a withdrawn purpose claimed, with the old grant", "export.json",
     lambda document: claim(0, state="granted", entry=grant_entry("analytics")[0])(document)),
    ("a disagreement claimed as granted", "export.json",
     lambda document: claim(1, state="granted", entry=grant_entry("crm.link")[-1])(document)),
    ("an uncertified device's grant claimed", "export.json",
     lambda document: claim(2, state="granted", entry=strangers_grant())(document)),
    ("a granted purpose claimed as unknown", "export.json", claim(2, state="unknown", entry=None, live=False)),
    ("an information claimed as consent", "export.json", claim(3, state="granted", live=True)),
    ("another subject", "export.json", lambda document: document.update({"pforte:subject": "00" * 32})),
    ("an erasure denied", "erased.json", lambda document: document.update({"pforte:erased": False})),
    ("the tombstone dropped", "erased.json", lambda document: document["pforte:entries"].pop()),
    ("an erased payload re-synced", "erased.json", payload_resynced),
    ("completeness claimed beyond the receipts", "erased.json", lambda document: document.update({"pforte:complete": True})),
    ("a member missing", "export.json", lambda document: document.pop("pforte:receipts")),
    ("entries of another kind", "export.json", lambda document: document.update({"pforte:entries": [1]})),
]


class Verify(unittest.TestCase):
    def test_the_golden_exports_are_sound(self):
        found = verify.verify(golden(), [SERVICE])
        self.assertTrue(found["complete"] and found["exporter_certified"])
        states = ["withdrawn", "denied", "granted", "informed", "expired"]
        self.assertEqual(list(found["purposes"].values()), states)
        self.assertFalse(verify.verify(golden("erased.json"), [SERVICE])["complete"])

    def test_without_the_service_key_nothing_is_complete(self):
        with self.assertRaises(verify.Unsound):
            verify.verify(golden(), [])

    def test_a_stranger_that_passes_its_grants_off_as_the_exporter_s_is_not_vouched_for(self):
        document = golden()
        stranger = bytes.fromhex(strangers_grant())
        device = verify.Ledger(document, [SERVICE]).by_hash[stranger].device.hex()
        document.update({"pforte:device": device})
        self.assertFalse(verify.verify(document, [SERVICE])["exporter_certified"])

    def test_a_dropped_entry_without_the_claim_to_be_complete_is_said_to_lack(self):
        document = golden()
        withdrawal_dropped(document)
        document.update({"pforte:complete": False, "pforte:completeUpTo": []})
        found = verify.verify(document, [SERVICE])
        self.assertEqual((found["complete"], found["lacking"]), (False, 1))

    def test_tampering_is_found(self):
        for what, name, tamper in TAMPERED:
            with self.subTest(what):
                document = copy.deepcopy(golden(name))
                tamper(document)
                with self.assertRaises(verify.Unsound):
                    verify.verify(document, [SERVICE])

    def test_every_flipped_bit_of_a_small_export_is_found(self):
        small = golden("small.json")
        sound = verify.verify(small, [SERVICE])
        self.assertEqual(sound["by_unknown_services"], 0)
        refused = noticed = 0
        for member in ["entries", "payloads", "certificates", "revocations", "receipts"]:
            items = small["pforte:" + member]
            self.assertTrue(items, member)
            for number, text in enumerate(items):
                data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
                for bit in range(len(data) * 8):
                    changed = bytearray(data)
                    changed[bit // 8] ^= 1 << bit % 8
                    items[number] = base64.urlsafe_b64encode(bytes(changed)).decode().rstrip("=")
                    try:
                        found = verify.verify(small, [SERVICE])
                    except verify.Unsound:
                        refused += 1
                        continue
                    # Its header names another service now: the record counts for nothing, and that is said.
                    self.assertEqual(found["by_unknown_services"], 1, f"{member} {number}, bit {bit}")
                    noticed += 1
                items[number] = text
        print(f"{refused + noticed} single-bit flips of a small export: {refused} refused, {noticed} noticed")


if __name__ == "__main__":
    unittest.main()
