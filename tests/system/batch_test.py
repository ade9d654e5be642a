#!/usr/bin/env python3
"""POST /kv:batch, as a client meets it: three real nodes, one of them killed.

usage: batch_test.py ORRERY [TEST...]
"""

import http.client
import json
import sys
import threading
import unittest

from processes import Cluster

ORRERY = "bin/orrery"
OPERATIONS_MAX = 256
ANSWER_BYTES_MAX = 8 << 20


def batch(node, *operations, query="", **more):
    body = json.dumps({"operations": list(operations), **more})
    return node.request("POST", "/kv:batch" + query, body, timeout=60.0)


def put(key, value, **more):
    return {"op": "put", "key": key, "value": value, **more}


def get(key, **more):
    return {"op": "get", "key": key, **more}


def delete(key, **more):
    return {"op": "delete", "key": key, **more}


def statuses(answer):
    return [result["status"] for result in answer["results"]]


class BatchTest(unittest.TestCase):
    def setUp(self):
        self.cluster = Cluster(ORRERY)
        self.cluster.__enter__()
        self.addCleanup(self.cluster.__exit__, None, None, None)

    def test_operations_are_answered_in_their_order(self):
        one, two, _ = self.cluster.nodes

        status, answer = batch(
            one, put("a", "1"), get("b"), put("köln", "dom"), delete("c"),
            {"op": "put", "key_base64": "//4=", "value_base64": "AP8="})

        self.assertEqual(status, 200, answer)
        self.assertEqual(statuses(answer), [200, 404, 200, 200, 200], answer)
        results = answer["results"]
        self.assertEqual(results[0]["key"], "a")
        self.assertGreaterEqual(results[0]["acks"]["owners"], 2)
        self.assertEqual(two.get("a")[1]["version"], results[0]["version"])
        self.assertEqual(two.get("köln")[1]["value"], "dom")
        _, answer = batch(two, {"op": "get", "key_base64": "//4="})
        self.assertEqual(answer["results"][0]["value_base64"], "AP8=")

    def test_operations_of_one_key_are_done_in_their_order(self):
        operations = []
        for i in range(50):
            operations += [put("k", str(i)), get("k")]
        operations += [delete("k"), get("k"), put("k", "end")]

        _, answer = batch(self.cluster.nodes[0], *operations)

        results = answer["results"]
        for i in range(50):
            self.assertEqual(results[2 * i + 1]["value"], str(i))
        self.assertTrue(results[101]["deleted"], results[101])
        versions = [r["version"] for r in results[0::2]]
        self.assertEqual(versions, sorted(versions))
        self.assertEqual(self.cluster.nodes[1].get("k")[1]["value"], "end")

    def test_a_context_of_an_answer_is_taken(self):
        one = self.cluster.nodes[0]
        _, answer = batch(one, put("k", "1"))
        context = answer["results"][0]["context"]

        _, answer = batch(one, put("k", "2", context=context),
                          put("k", "3", context="foreign"[:4]))

        self.assertEqual(statuses(answer), [200, 400], answer)
        self.assertEqual(one.get("k")[1]["value"], "2")

    def test_a_broken_operation_refuses_all(self):
        one = self.cluster.nodes[0]
        for wrong, said in (
                (put("k", "v", vlaue="v"), "operations[1]: unknown member"),
                (put("", "v"), "operations[1].key"),
                (get("k", consistency="most"), "operations[1].consistency")):
            status, answer = batch(one, put("never", "v"), wrong)
            self.assertEqual(status, 400, answer)
            self.assertIn(said, answer["message"])
        self.assertEqual(one.get("never")[0], 404)
        many = [get("k")] * (OPERATIONS_MAX + 1)
        self.assertEqual(batch(one, *many)[0], 400)
        self.assertEqual(batch(one, *many[1:])[0], 200)
        self.assertEqual(one.request("GET", "/kv:batch")[0], 405)

    def test_operations_fail_one_by_one(self):
        one = self.cluster.nodes[0]
        batch(one, put("k", "1"))
        self.cluster.nodes[2].kill()

        status, answer = batch(
            one, put("k", "2"), put("k2", "1", consistency="all"), get("k"),
            consistency="quorum")

        self.assertEqual(status, 200, answer)
        first, second, third = answer["results"]
        self.assertEqual((first["status"], third["status"]), (200, 200))
        self.assertEqual(third["value"], "2")
        # Refused while the node is known to be gone, else unknown.
        self.assertIn(second["status"], (503, 504), answer)
        self.assertIn(second["applied"], ("no", "maybe"))

    def test_values_that_do_not_fit_are_left_out(self):
        one = self.cluster.nodes[0]
        keys = ["big%d" % i for i in range(12)]
        for key in keys:
            self.assertEqual(one.put(key, "v" * (1 << 20))[0], 200)

        status, answer = batch(one, *map(get, keys), put("small", "v"))

        self.assertEqual(status, 200)
        got = statuses(answer)
        self.assertEqual(got.count(200), 8, got)
        self.assertEqual(got.count(413), 5, got)
        self.assertEqual(got[-1], 200, got)
        self.assertLess(len(json.dumps(answer)), ANSWER_BYTES_MAX + 10_000)

    def test_batches_of_many_clients_lose_nothing(self):
        nodes = self.cluster.nodes
        failed = []

        def write(number):
            for round_ in range(5):
                _, answer = batch(nodes[number % 3], *[
                    put("%d/%d/%d" % (number, round_, i), str(i))
                    for i in range(200)])
                failed.extend(r for r in answer["results"]
                              if r["status"] != 200)

        threads = [threading.Thread(target=write, args=[n]) for n in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        self.assertEqual(failed, [])
        for number in range(6):
            _, answer = batch(nodes[(number + 1) % 3], *[
                get("%d/4/%d" % (number, i)) for i in range(200)])
            self.assertEqual([r.get("value") for r in answer["results"]],
                             [str(i) for i in range(200)])

    def test_what_stands_behind_a_batch_is_answered_after_it(self):
        port = self.cluster.nodes[0].port
        body = json.dumps({"operations": [put("k", "v")] * 100})
        raw = http.client.HTTPConnection("127.0.0.1", port, timeout=30.0)
        raw.connect()
        raw.sock.sendall((
            "POST /kv:batch HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s"
            "GET /kv/k HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" %
            (len(body), body)).encode())
        answers = b""
        while part := raw.sock.recv(65536):
            answers += part
        raw.close()

        self.assertEqual(answers.count(b"HTTP/1.1 200 OK"), 2, answers)
        self.assertIn(b'"value":"v"', answers)


if __name__ == "__main__":
    ORRERY = sys.argv[1]
    unittest.main(argv=[sys.argv[0]] + sys.argv[2:])
