"""Forty faults that this project has had, or that its rules forbid, and a test that finds each.

`old` must be there once in its file. When the code has changed, write the same fault into the new
code; a fault that can't be written any more is replaced by another one of its kind.
"""

from __future__ import annotations

from dataclasses import dataclass

_CORE = "lib/pilotlight/"
_NET = "lib/pilotlight/net/"


@dataclass(frozen=True)
class Fault:
    """A fault: in the file `path`, `old` becomes `new`.

    what: what goes wrong. test: which fails then: FILE::FUNCTION below tests/micropython, or with
    the whole path one for pytest.
    """

    path: str
    old: str
    new: str
    what: str
    test: str


FAULTS = (
    # Tokens
    Fault(
        _CORE + "refresh.py",
        "            if self.pair is None:",
        "            if True:",
        "a refresh whose answer could not be stored at once uses its token a second time",
        "test_tokens.py::test_a_pair_that_finds_no_memory_to_be_stored_is_asked_for_once",
    ),
    Fault(
        _CORE + "refresh.py",
        "if self._requests.proof.count == self._proofs:",
        "if False:",
        "a refresh token whose answer was lost is sent again before anything has answered",
        "test_tokens.py::test_a_token_whose_answer_may_be_lost_waits_until_frameio_answers_something",
    ),
    Fault(
        _CORE + "tokens.py",
        "self._renewed.happened(time.ticks_ms(), self._core.times.refresh_spacing_ms)",
        "pass",
        "refreshes follow each other at once where a token claims a short life",
        "test_tokens.py::test_a_life_of_a_second_is_not_believed",
    ),
    Fault(
        _CORE + "tokens.py",
        "        if self._standing == _ON_TRIAL and self._cause in (_NONE, _SCHEDULED):\n"
        "            return False\n",
        "",
        "a token that identity refuses is refreshed for ever",
        "test_tokens.py::test_a_new_token_that_is_refused_is_not_refreshed_again",
    ),
    Fault(
        _CORE + "refresh.py",
        "if word in CLIENT_REFUSED:  # the model",
        "if False:  # the model",
        "a refused client ends the pairing, or is asked too often",
        "test_tokens.py::test_a_wrong_secret_ends_nothing",
    ),
    Fault(
        _CORE + "session.py",
        "may_refresh = error.status == 403 and not self._reconnect.refreshed_for_403.left_ms(now_ms)",
        "may_refresh = error.status == 403",
        "a proxy that answers 403 causes a refresh with each connect",
        "test_agent_corners.py::test_unpairing_while_the_token_is_refused_shows_a_code",
    ),
    Fault(
        _CORE + "tokens.py",
        "        self._use(pair.access_token, key)\n        self._settle(_ON_TRIAL",
        "        self._settle(_ON_TRIAL",
        "the new token is stored but not used",
        "test_tokens.py::test_the_new_pair_is_stored_before_its_first_use",
    ),
    Fault(
        _CORE + "stored_tokens.py",
        'elif pair["host"] != host:',
        "elif False:",
        "tokens are sent to another service than the one that gave them",
        "test_tokens.py::test_tokens_are_for_the_service_that_gave_them",
    ),
    # Identity and the pause
    Fault(
        _CORE + "identity.py",
        'if record.get("authorization") != self._credentials.key:',
        "if False:",
        "the device id of another authorization is used",
        "test_identity_and_proof.py::test_the_device_id_is_stored_with_its_authorization",
    ),
    Fault(
        _CORE + "session.py",
        "        self._identity.forget()\n",
        "",
        "the device's identity outlives its authorization",
        "test_agent_pairing.py::test_an_identity_that_answers_after_the_end_is_not_believed",
    ),
    Fault(
        _CORE + "identity.py",
        "if hints == self._hints and answer.paused is not None:",
        "if answer.paused is not None:",
        "an identity answer that is older than an event takes the event back",
        "test_identity_and_proof.py::test_an_answer_begun_before_the_last_event_settles_nothing",
    ),
    Fault(
        _CORE + "poller.py",
        "        if not self._identity.paused_left_ms(now_ms, 1):\n"
        "            self._identity.forget_paused()\n",
        "",
        "a pause that nothing confirms is shown for ever",
        "test_agent_waits.py::test_after_a_join_the_last_known_pause_is_shown_for_3_min_without_identity",
    ),
    Fault(
        _CORE + "status.py",
        "if not status.online or status.paused is None:",
        "if not status.online:",
        "the light is solid while it is not known whether the device is paused",
        "test_status.py::test_never_online_while_it_is_not_known_whether_paused",
    ),
    Fault(
        _CORE + "session.py",
        'if event in ("", "status_updated"):',
        'if event == "status_updated":',
        "a message that is too long to be understood is not verified",
        "test_agent_same_input.py::test_long_messages_every_second_change_nothing",
    ),
    Fault(
        _CORE + "poller.py",
        "            self._identity.doubt(now_ms)\n            self.want_identity()",
        "            pass",
        "a join does not verify the pause",
        "test_agent_truths.py::test_the_last_pause_known_is_kept_and_verified_after_a_reconnect",
    ),
    Fault(
        _CORE + "poller.py",
        "if self._credentials.key != key:\n                return  # of a pairing",
        "if False:\n                return  # of a pairing",
        "an answer to the authorization before is taken for this one's",
        "test_agent_pairing.py::test_an_identity_that_answers_after_the_end_is_not_believed",
    ),
    # How often is asked
    Fault(
        _CORE + "schedule.py",
        "        self._identity_ms = now_ms\n        self._jitter",
        "        self._jitter",
        "identity is asked again sooner than 60 s after the last one's end",
        "test_schedule.py::test_identity_keeps_its_distance",
    ),
    Fault(
        _CORE + "schedule.py",
        "return max(0, left_ms, self.limited_ms(now_ms))",
        "return max(0, left_ms)",
        "polls ignore what a 429 asks for",
        "test_schedule.py::test_429_waits_a_second_then_doubles_unless_the_server_says_how_long",
    ),
    Fault(
        _CORE + "requests.py",
        "            if self.schedule.limited_ms(time.ticks_ms()):",
        "            if False:",
        "a request that waited for the slot ignores the 429 that came meanwhile",
        "test_requests.py::test_what_waits_for_the_slot_is_not_sent_after_a_429",
    ),
    Fault(
        _CORE + "reconnect.py",
        "                self.asked.happened(now_ms, wait_ms)\n",
        "",
        "an upgrade ignores Retry-After once the network changes",
        "test_reconnect.py::test_what_the_server_asks_for_holds_until_it_is_over",
    ),
    Fault(
        _NET + "http_message.py",
        '        if text[-3:] == "GMT":\n            return _DATE_MS\n',
        "",
        "a Retry-After that is a date is ignored",
        "test_http_head.py::test_how_long_an_answer_asks_to_wait",
    ),
    Fault(
        _CORE + "reconnect.py",
        "if isinstance(lost_by, LinkClosed) and lost_by.code in _RESTARTING:",
        "if False:",
        "after close 1012 all devices come back at once",
        "test_agent_link.py::test_after_1012_the_first_try_waits_5_to_30_s",
    ),
    Fault(
        _NET + "backoff.py",
        "return self._randrange(bound_ms + 1)",
        "return bound_ms",
        "devices wait in step",
        "test_schedule.py::test_backoff_is_jittered_doubles_and_is_bounded",
    ),
    Fault(
        _NET + "endpoint.py",
        "wait_ms = _FIRST_WAIT_MS << self._misses",
        "wait_ms = 1",
        "a name that is not found is looked up, and blocks, with each connect",
        "test_look_ups.py::test_a_name_that_is_not_found",
    ),
    Fault(
        _CORE + "pairing.py",
        "interval_s += _SLOW_DOWN_S",
        "pass",
        "`slow_down` is ignored while pairing",
        "test_pairing_flow.py::test_the_interval_is_kept_and_slow_down_adds_5_s_from_then_on",
    ),
    # The link
    Fault(
        _NET + "phoenix.py",
        "            if not self._heartbeat_answered:\n"
        '                self.abandon("no_reply", "no reply to a heartbeat in time")\n'
        "                return\n",
        "",
        "a dead link is kept",
        "test_agent_link.py::test_a_dead_link_shows_29_s_after_its_last_proof",
    ),
    Fault(
        _NET + "phoenix.py",
        "self._join_answer is None and not self._channel_lost",
        "self._join_answer is None",
        "a join whose channel crashes waits for its deadline",
        "test_agent_channel.py::test_a_channel_that_crashes_at_its_join_is_joined_again_on_its_socket",
    ),
    Fault(
        _NET + "websocket_client.py",
        "                        self._write(_PONG, frames.buffer, frames.start, frames.end)",
        "                        pass",
        "a ping is not answered",
        "test_agent_link.py::test_pings_are_answered_while_the_application_is_busy",
    ),
    Fault(
        _NET + "websocket_client.py",
        "            self._mask_at = at + 4\n",
        "",
        "a mask is used for more than one frame",
        "test_websocket_writes.py::test_each_frame_has_a_mask_of_its_own",
    ),
    Fault(
        _NET + "websocket_client.py",
        "                    self._write_close(_NORMAL_CLOSE if code == 1005 else code)\n",
        "",
        "the peer's close frame is not answered",
        "test_websocket_writes.py::test_a_close_frame_without_a_code_is_answered_with_1000",
    ),
    Fault(
        _NET + "transport.py",
        "context.verify_mode = tls.CERT_REQUIRED",
        "context.verify_mode = tls.CERT_NONE",
        "any certificate is believed",
        "tests/system/test_trouble.py::test_a_certificate_of_another_root",
    ),
    Fault(
        _NET + "deadline.py",
        "                    transport.close()\n                    return",
        "                    return",
        "a request that gets no byte waits for ever",
        "test_deadlines.py::test_what_ends_after_the_deadline_has_closed_the_stream_is_a_timeout_too",
    ),
    # Connected
    Fault(
        _CORE + "frameio_api.py",
        'if fields["ok"] is not True and fields["status"] != "ok":',
        "if False:",
        "a captive portal counts as Frame.io",
        "test_answers.py::test_what_can_not_be_used_is_named",
    ),
    Fault(
        _CORE + "agent.py",
        "        if not up:\n            self._requests.proof.end()\n",
        "        if not up:\n            pass\n",
        "`connected` stays yes without a network",
        "test_agent_truths.py::test_a_network_that_is_gone_without_a_call_shows_within_30_s",
    ),
    Fault(
        _CORE + "proof.py",
        "self.end_if_older(self._good_ms() - self._times.look_up_ms)",
        "pass",
        "a look-up that blocks keeps a dead link's light on",
        "test_look_ups_block.py::test_a_link_that_was_reset_first_shows_within_30_s",
    ),
    Fault(
        _CORE + "recovery.py",
        "            upload_slot.has_moved = False\n            unproven_ms = waited_ms = 0\n        elif",
        "            upload_slot.has_moved = False\n        if",
        "a device that is well is restarted",
        "test_agent_recovery.py::test_what_is_not_wedged_is_left_alone",
    ),
    # The firmware
    Fault(
        "firmware/indication.py",
        '"paused": ("wink", _AMBER)',
        '"paused": ("solid", _AMBER)',
        "without colours, paused looks like online",
        "test_states_and_indication.py::test_states_are_told_apart_by_timing_alone",
    ),
    Fault(
        "firmware/guard/boot_loop_counter.py",
        "        if cause == machine.PWRON_RESET:\n            record[_COUNT] = 0",
        "        if False:\n            record[_COUNT] = 0",
        "crashes of before a power-on lead to safe mode",
        "test_supervisor.py::test_cut_power_is_no_crash",
    ),
    Fault(
        "firmware/storage.py",
        'temporary = path + ".new"',
        "temporary = path",
        "a power cut while a record is stored loses both the old one and the new one",
        "test_power_cuts.py::test_the_operation_is_torn",
    ),
    Fault(
        "firmware/text_output.py",
        "if _UNSAFE[number] <= code <= _UNSAFE[number + 1]:",
        "if False:",
        "text from outside commands the terminal",
        "test_text_output.py::test_what_a_terminal_obeys_is_a_question_mark",
    ),
)
