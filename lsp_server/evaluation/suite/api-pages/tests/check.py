import sys
import unittest

sys.path.append(sys.argv.pop(1))

from itertools import islice

from client.api import Api
from client.errors import ApiError


class Service:
    def __init__(self, *answers):
        self.answers, self.asked, self.slept = list(answers), [], []

    def send(self, path, params):
        self.asked.append((path, dict(params)))
        params["spoiled"] = True
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return answer if isinstance(answer, tuple) else (200, {}, answer)

    def api(self, **more):
        return Api(self.send, sleep=self.slept.append, **more)


def page(*items, **more):
    return {"items": list(items), **more}


class Pages(unittest.TestCase):
    def test_all_pages_come_once(self):
        service = Service(page(1, 2, next="b"), page(2, next=0), page(3, next=""))
        self.assertEqual(list(service.api().items("/x", limit=2)), [1, 2, 2, 3])
        self.assertEqual(service.asked, [("/x", {"limit": 2}), ("/x", {"limit": 2, "page": "b"}), ("/x", {"limit": 2, "page": 0})])

    def test_ends(self):
        for more in ({}, {"next": None}, {"next": ""}):
            self.assertEqual(list(Service(page(1, **more)).api().items("/x")), [1])

    def test_pages_are_asked_for_when_they_are_wanted(self):
        service = Service(page(1, 2, next="b"), page(3))
        items = service.api().items("/x")
        self.assertEqual(service.asked, [])
        self.assertEqual(list(islice(items, 2)), [1, 2])
        self.assertEqual(len(service.asked), 1)

    def test_entries_are_told_apart_by_their_id(self):
        service = Service(page({"id": 1, "a": 1}, {"a": 2}, next="b"), page({"id": 1, "a": 3}, {"a": 2}, {"id": 0}, {"id": 0}))
        self.assertEqual(list(service.api().items("/x")), [{"id": 1, "a": 1}, {"a": 2}, {"a": 2}, {"id": 0}])

    def test_circles_end(self):
        service = Service(page(1, next="a"), page(2, next="b"), page(3, next="a"))
        with self.assertRaises(ApiError) as caught:
            list(service.api().items("/x"))
        self.assertEqual(caught.exception.status, 200)
        self.assertEqual(len(service.asked), 3)

    def test_it_asks_again(self):
        service = Service((500, {}, ""), (429, {"RETRY-after": "7"}, ""), (503, {"retry-After": "900"}, ""), page(1))
        self.assertEqual(list(service.api().items("/x")), [1])
        self.assertEqual(service.slept, [1, 7, 60])
        service = Service((599, {}, ""))
        with self.assertRaises(ApiError) as caught:
            list(service.api(retries=3).items("/x"))
        self.assertEqual((caught.exception.status, len(service.asked), service.slept), (599, 4, [1, 2, 4]))
        service = Service((500, {}, ""), page(1, next="b"), (500, {}, ""), page(2))
        self.assertEqual(list(service.api(retries=1).items("/x")), [1, 2])

    def test_what_is_refused_is_said_at_once(self):
        for status in (404, 301, 204, 600):
            service = Service((status, {}, page(1)))
            with self.assertRaises(ApiError) as caught:
                list(service.api().items("/x"))
            self.assertEqual((caught.exception.status, len(service.asked)), (status, 1))

    def test_odd_bodies(self):
        for body in (None, [], "x", {}, {"items": None}, {"items": {}}):
            with self.assertRaises(ApiError) as caught:
                list(Service((200, {}, body)).api().items("/x"))
            self.assertEqual(caught.exception.status, 200)

    def test_two_lists_are_apart(self):
        service = Service(page(1, next="b"), page(2), page(3))
        api = service.api()
        self.assertEqual(list(api.items("/x")), [1, 2])
        self.assertEqual(list(api.items("/y")), [3])
        self.assertEqual(service.asked[-1], ("/y", {}))
        self.assertEqual(Service(page(1, 1, next="b"), page(2)).api().count("/x"), 3)


unittest.main()
