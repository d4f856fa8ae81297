"""What runs in the browser: keeps unsaved text in the user's own browser, and finds what an earlier session left there.

A draft is kept under the session that it belongs to, so that two tabs never write over each other. A session that is
new asks every open page of the app which sessions they show; only what none of them answers for is offered.
"""

from typing import Final

MOST_OFFERED: Final = 5
MOST_KEPT: Final = 20
LONGEST_DRAFT: Final = 1_000_000
"""Characters, as of a plan file that is uploaded; a browser keeps some five million in all."""
KEPT_DAYS: Final = 30

_BOUNDS = f"""
const PREFIX = "commit-planner:draft:";
const MOST_OFFERED = {MOST_OFFERED}, MOST_KEPT = {MOST_KEPT}, LONGEST = {LONGEST_DRAFT};
const KEPT_MS = {KEPT_DAYS} * 86400000, ANSWER_MS = 300;
"""
SCRIPT: Final = (
    _BOUNDS
    + """
const page = (window.commitPlannerDrafts ??= { session: "", wrote: "", told: false });

function stored() {
  const found = [];
  for (let i = 0; i < localStorage.length; i++) {
    const key = localStorage.key(i);
    if (!key.startsWith(PREFIX)) continue;
    try {
      const draft = JSON.parse(localStorage.getItem(key));
      if (typeof draft.text === "string" && typeof draft.kept === "number") {
        found.push({ ...draft, id: key.slice(PREFIX.length) });
        continue;
      }
    } catch {}
    found.push({ id: key.slice(PREFIX.length), kept: 0 });  // of no use to anybody
  }
  return found.sort((a, b) => b.kept - a.kept);
}

function drop(id) {
  localStorage.removeItem(PREFIX + id);
}

function tidy() {
  const others = stored().filter((draft) => draft.id !== page.session);
  const old = (draft, i) => i >= MOST_KEPT - 1 || draft.kept < Date.now() - KEPT_MS;
  others.filter(old).forEach((draft) => drop(draft.id));
}

function keep(draft, owner) {
  if (page.wrote === draft.sha256) return true;
  if (draft.text.length > LONGEST) return false;
  const text = JSON.stringify({ ...draft, owner, kept: Date.now() });
  tidy();
  try {
    localStorage.setItem(PREFIX + page.session, text);
  } catch (caught) {
    if (!(caught instanceof DOMException)) throw caught;
    return false;  // full
  }
  page.wrote = draft.sha256;
  return true;
}

function listen() {
  if (page.channel) return;
  page.channel = new BroadcastChannel("commit-planner-drafts");
  page.alive = new Set();
  page.channel.onmessage = ({ data }) => {
    if (data === "who is there?") page.channel.postMessage({ session: page.session });
    else if (typeof data?.session === "string") page.alive.add(data.session);
  };
}

function look(owner, setTriggerValue) {
  const left = () => stored().filter(
    (draft) => draft.text && draft.owner === owner && draft.id !== page.session && !page.alive.has(draft.id)
  );
  if (!left().length) return;
  page.channel.postMessage("who is there?");
  const session = page.session;
  setTimeout(() => {
    if (page.session === session && left().length) setTriggerValue("found", left().slice(0, MOST_OFFERED));
  }, ANSWER_MS);
}

// A field has its own undo: what is typed there is not a change of the plan yet.
function guard(event) {
  const at = event.target;
  const typed = "textarea, input:not([type=checkbox], [type=radio], [type=range])";
  if (!at?.isContentEditable && !at?.matches?.(typed)) return;
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z") event.stopImmediatePropagation();
}

export default function ({ data, setTriggerValue }) {
  if (!page.guarded) {
    page.guarded = true;
    window.addEventListener("keydown", guard, true);
  }
  let kept = true;
  try {
    listen();
    data.drop.forEach(drop);
    if (page.session !== data.session) {
      page.session = data.session;
      page.wrote = "";
      tidy();
      look(data.owner, setTriggerValue);
    }
    if (data.draft) kept = keep(data.draft, data.owner);
    else {
      drop(page.session);
      page.wrote = "";
    }
  } catch (caught) {
    if (!(caught instanceof DOMException)) throw caught;
    kept = !data.draft;  // a browser that keeps nothing, such as one that blocks it for this site
  }
  if (!kept && !page.told) {
    page.told = true;
    setTriggerValue("unkept", true);
  }
}
"""
)
