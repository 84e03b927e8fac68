//! A real runtime that follows a real channel over real HTTP, and what goes wrong on the way.

use std::path::Path;

use dunlin::journal::Reader;
use dunlin::outbox::{Fetch, Link, Response, Transport, TransportError, Upload};
use dunlin::{
    AnsweredBy, Config, InstallOutcome, ModelUpdate, Record, Runtime, Session, UpdateError, UpdateOutcome,
    UpdatePolicy, UpdateReport,
};
use dunlin_channel::{Channel, Document, Envelope, Signed};
use dunlin_tests::fixture::records;
#[cfg(target_os = "linux")]
use dunlin_tests::small_disk;

use crate::desk::Desk;
use crate::phone::{Serving, get};

/// HTTP, and what it was asked for.
struct Http<'a> {
    url: &'a str,
    asked: Vec<String>,
    /// Fetches that come through before the connection is gone.
    left: usize,
    /// Ranges are not understood: the whole file comes.
    whole: bool,
}

impl<'a> Http<'a> {
    fn to(serving: &'a Serving) -> Self {
        Self { url: &serving.url, asked: Vec::new(), left: usize::MAX, whole: false }
    }

    /// The parts of bundles that were asked for.
    fn parts(&self) -> Vec<&String> {
        self.asked.iter().filter(|asked| asked.contains("bundles/")).collect()
    }
}

impl Transport for Http<'_> {
    fn send(&mut self, _: &Upload) -> Result<Response, TransportError> {
        Err(TransportError::new("nothing is to be sent here"))
    }

    fn fetch(&mut self, fetch: &Fetch) -> Result<Response, TransportError> {
        self.left = self.left.checked_sub(1).ok_or_else(|| TransportError::new("the tunnel"))?;
        let range = fetch.range.as_deref().filter(|_| !self.whole);
        let headers: Vec<(&str, &str)> = range.map(|range| ("Range", range)).into_iter().collect();
        self.asked.push(format!("{} {}", fetch.path, range.unwrap_or_default()));
        let answer = get(self.url, &fetch.path, &headers);
        if answer.body.len() as u64 > fetch.max_bytes {
            return Err(TransportError::new(format!("more than {} bytes", fetch.max_bytes)));
        }
        Ok(Response { status: answer.status, retry_after: None, body: answer.body })
    }
}

fn policy(desk: &Desk) -> UpdatePolicy {
    let mut policy = UpdatePolicy::new(desk.read("channel/root/1.json"), "stable");
    policy.models = vec!["tiny".to_owned()];
    policy
}

/// A device that trusts nobody but the channel.
fn device(desk: &Desk) -> Runtime {
    with(desk, policy(desk))
}

fn with(desk: &Desk, policy: UpdatePolicy) -> Runtime {
    Runtime::open(Config::new(desk.path("device"), dunlin::TrustedKeys::new()).updates(policy))
}

fn only(report: UpdateReport) -> ModelUpdate {
    let [model] = <[ModelUpdate; 1]>::try_from(report.models).unwrap();
    model
}

fn update(runtime: &Runtime, serving: &Serving) -> ModelUpdate {
    only(runtime.update(&mut Http::to(serving), Link::Unmetered).unwrap())
}

fn slots(runtime: &Runtime) -> Vec<(u64, String)> {
    runtime.health().models.into_iter().map(|model| (model.sequence, model.slot.unwrap())).collect()
}

fn answered_by(session: &mut Session) -> AnsweredBy {
    let object = &records()[0];
    let record = Record::from_json(session.schema(), object).unwrap();
    session.predict(&record).unwrap().answered_by
}

fn states(folder: &Path) -> Vec<String> {
    let mut events = Reader::open(folder).unwrap().events(100).unwrap();
    events.reverse();
    let changes = events.into_iter().filter(|event| event.kind == "model_state");
    let text = |value: &serde_json::Value| value.as_str().unwrap_or("-").to_owned();
    changes
        .map(|e| format!("{} {} {}", text(&e.detail["version"]), text(&e.detail["from"]), text(&e.detail["to"])))
        .collect()
}

#[test]
fn a_device_takes_its_first_model_tries_the_second_and_tells_each_step() {
    let desk = Desk::with_channel();
    desk.publish(1, 100);
    let serving = Serving::start(&desk.path("channel"), &[]);
    let runtime = device(&desk);
    let first = update(&runtime, &serving);
    assert_eq!((first.outcome, first.version.as_deref()), (UpdateOutcome::Activated, Some("1.1.0")));
    let mut session = runtime.session("tiny").unwrap();
    assert_eq!(answered_by(&mut session), AnsweredBy::Model);
    assert_eq!(update(&runtime, &serving).outcome, UpdateOutcome::Current);

    desk.publish(2, 100);
    let second = update(&runtime, &serving);
    assert_eq!((second.outcome, second.version.as_deref()), (UpdateOutcome::Candidate, Some("1.2.0")));
    assert_eq!(slots(&runtime), [(1, "active".into()), (2, "candidate".into())]);
    let third = update(&runtime, &serving);
    assert_eq!((third.outcome, third.why.as_deref()), (UpdateOutcome::Current, Some("it is on this device")));
    runtime.flush().unwrap();
    assert_eq!(
        states(&desk.path("device")),
        [
            "1.1.0 - downloaded",
            "1.1.0 downloaded verified",
            "1.1.0 verified golden_checked",
            "1.2.0 - downloaded",
            "1.2.0 downloaded verified",
            "1.2.0 verified golden_checked",
        ]
    );
    assert!(
        std::fs::read_dir(desk.path("device/downloads")).unwrap().next().is_none(),
        "what is installed is not kept twice"
    );
    // The keys that vouched for it are remembered: it loads without the channel too.
    drop((session, runtime));
    let runtime = device(&desk);
    assert_eq!(answered_by(&mut runtime.session("tiny").unwrap()), AnsweredBy::Model);
}

#[test]
fn a_download_that_is_cut_off_anywhere_goes_on_where_it_was_also_after_a_restart() {
    let desk = Desk::with_channel();
    desk.publish(1, 100);
    let serving = Serving::start(&desk.path("channel"), &[]);
    let mut parts = Vec::new();
    let mut attempts = 0;
    loop {
        // Metadata takes two fetches; then one part, and the connection is gone.
        let mut http = Http { left: 3, ..Http::to(&serving) };
        let updated = device(&desk).update(&mut http, Link::Unmetered);
        parts.extend(http.parts().into_iter().cloned());
        attempts += 1;
        match updated {
            Ok(report) => break assert_eq!(only(report).outcome, UpdateOutcome::Activated),
            Err(error) => assert_eq!(error.code(), "no_answer", "{error}"),
        }
    }
    let mut once = parts.clone();
    once.dedup();
    assert_eq!(once, parts, "no part was fetched twice");
    assert!(attempts >= 5 && parts.len() == attempts, "{parts:?}");
    assert_eq!(answered_by(&mut device(&desk).session("tiny").unwrap()), AnsweredBy::Model);
}

#[test]
fn a_bundle_that_was_changed_on_the_server_is_not_taken_and_what_was_right_of_it_is_kept() {
    let desk = Desk::with_channel();
    desk.publish(1, 100);
    let serving = Serving::start(&desk.path("channel"), &[]);
    let bundle = std::fs::read_dir(desk.path("channel/bundles")).unwrap().next().unwrap().unwrap().path();
    let good = std::fs::read(&bundle).unwrap();
    let mut bad = good.clone();
    let middle = bad.len() / 2;
    bad[middle] ^= 1;
    std::fs::write(&bundle, bad).unwrap();
    let runtime = device(&desk);
    let mut http = Http::to(&serving);
    let error = runtime.update(&mut http, Link::Unmetered).unwrap_err();
    assert_eq!(error.code(), "part", "{error}");
    assert!(error.to_string().contains("its SHA-256 is not the signed one"), "{error}");
    assert_eq!((slots(&runtime), runtime.session("tiny").is_err()), (vec![], true));
    let before = http.parts().len();

    std::fs::write(&bundle, good).unwrap();
    let mut http = Http::to(&serving);
    assert_eq!(only(runtime.update(&mut http, Link::Unmetered).unwrap()).outcome, UpdateOutcome::Activated);
    assert!(http.parts().len() < 5 && before + http.parts().len() <= 7, "{:?}", http.parts());
}

#[test]
fn a_server_that_does_not_know_ranges_and_one_that_sends_too_much_are_told_apart_from_a_good_one() {
    let desk = Desk::with_channel();
    desk.publish(1, 100);
    let serving = Serving::start(&desk.path("channel"), &[]);
    let runtime = device(&desk);
    let error = runtime.update(&mut Http { whole: true, ..Http::to(&serving) }, Link::Unmetered).unwrap_err();
    assert!(error.code() == "no_answer" && error.to_string().contains("more than 65536 bytes"), "{error}");
    let nowhere = format!("{}/elsewhere", serving.url);
    let error = runtime.update(&mut Http { url: &nowhere, ..Http::to(&serving) }, Link::Unmetered).unwrap_err();
    assert!(error.code() == "status" && error.to_string().contains("check the address"), "{error}");
}

#[test]
fn a_metered_link_and_a_small_budget_wait_and_what_is_recalled_is_heard_of_all_the_same() {
    let desk = Desk::with_channel();
    desk.publish(1, 100);
    let serving = Serving::start(&desk.path("channel"), &[]);
    let runtime = device(&desk);
    let mut http = Http::to(&serving);
    let found = only(runtime.update(&mut http, Link::Metered).unwrap());
    assert_eq!((found.outcome, http.parts().len()), (UpdateOutcome::Waiting, 0));
    assert!(found.why.unwrap().contains("a link that costs nothing"));
    assert_eq!(update(&runtime, &serving).outcome, UpdateOutcome::Activated);
    desk.publish(2, 100);
    assert_eq!(update(&runtime, &serving).outcome, UpdateOutcome::Candidate);
    recall(&desk, 2);
    let found = only(runtime.update(&mut Http::to(&serving), Link::Metered).unwrap());
    assert_eq!(found.recalled, ["1.2.0: wrong labels"]);
    assert_eq!(slots(&runtime), [(1, "active".into())]);
    drop(runtime);

    desk.publish(3, 100);
    let small = with(&desk, UpdatePolicy { max_bytes: 1_000, ..policy(&desk) });
    let found = update(&small, &serving);
    assert!(found.outcome == UpdateOutcome::Waiting && found.why.unwrap().contains("the 1000 that the app allows"));
    drop(small);
    let generous = with(&desk, UpdatePolicy { over_metered: true, ..policy(&desk) });
    let found = only(generous.update(&mut Http::to(&serving), Link::Metered).unwrap());
    assert_eq!(found.outcome, UpdateOutcome::Candidate);
}

fn recall(desk: &Desk, sequence: u64) {
    let sequence = sequence.to_string();
    let words = ["channel", "recall", "channel", "--model", "tiny", "--sequence", &sequence, "--key", "c1.key"];
    desk.run_words(&[&words[..], &["--reason", "wrong labels"]].concat()).expect(0, &[]);
}

#[test]
fn a_recalled_model_answers_no_more_the_one_before_it_does_and_where_there_is_none_nobody_does() {
    let desk = Desk::with_channel();
    desk.publish(1, 100);
    let serving = Serving::start(&desk.path("channel"), &[]);
    let runtime = device(&desk);
    update(&runtime, &serving);
    desk.publish(2, 100);
    update(&runtime, &serving);
    runtime.activate("tiny").unwrap();
    let mut session = runtime.session("tiny").unwrap();
    assert_eq!((answered_by(&mut session), session.model_version()), (AnsweredBy::Model, "1.2.0"));

    recall(&desk, 2);
    assert_eq!(update(&runtime, &serving).recalled, ["1.2.0: wrong labels"]);
    assert_eq!(answered_by(&mut session), AnsweredBy::Model);
    assert_eq!((session.model_version(), slots(&runtime)), ("1.1.0", vec![(1, "active".into())]));

    recall(&desk, 1);
    assert_eq!(update(&runtime, &serving).recalled, ["1.1.0: wrong labels"]);
    assert_eq!(answered_by(&mut session), AnsweredBy::Nobody);
    let Err(error) = runtime.session("tiny") else { panic!("nobody is left to answer") };
    assert!(error.to_string().contains("no model 'tiny' is installed"), "{error}");
    drop((session, runtime));

    // An app that still ships it does not bring it back, and nobody else does.
    let mut keys = dunlin::TrustedKeys::new();
    keys.add("app", &desk.key("b1").public_text()).unwrap();
    let runtime = Runtime::open(Config::new(desk.path("device"), keys).updates(policy(&desk)));
    let shipped = runtime.install_shipped(&desk.path("tiny-1.dunlin")).unwrap();
    assert_eq!(shipped.outcome, InstallOutcome::PassedOver);
    assert_eq!(runtime.install(&desk.path("tiny-1.dunlin")).unwrap_err().code(), "recalled");
    desk.publish(3, 100);
    assert_eq!(update(&runtime, &serving).outcome, UpdateOutcome::Activated);
}

#[cfg(target_os = "linux")]
#[test]
fn a_recalled_bundle_that_is_held_in_memory_alone_answers_no_more_either() {
    let name = "runtime::a_recalled_bundle_that_is_held_in_memory_alone_answers_no_more_either";
    small_disk::run(name, |folder| {
        let desk = Desk::with_channel();
        desk.publish(2, 100);
        let serving = Serving::start(&desk.path("channel"), &[]);
        let runtime = trusting(&desk, folder);
        small_disk::fill(&folder.join("ballast"));
        let held = runtime.install(&desk.path("tiny-2.dunlin")).unwrap();
        assert_eq!(held.outcome, InstallOutcome::HeldInMemory);
        let mut session = runtime.session("tiny").unwrap();
        assert_eq!((answered_by(&mut session), session.model_version()), (AnsweredBy::Model, "1.2.0"));
        std::fs::remove_file(folder.join("ballast")).unwrap();

        recall(&desk, 2);
        let found = update(&runtime, &serving);
        assert_eq!((found.recalled, found.outcome), (vec!["1.2.0: wrong labels".into()], UpdateOutcome::Current));
        assert_eq!((answered_by(&mut session), slots(&runtime)), (AnsweredBy::Nobody, vec![]));
        assert_eq!(runtime.install(&desk.path("tiny-2.dunlin")).unwrap_err().code(), "recalled");
    });
}

/// A device of an app that trusts `b1` itself, and names no model to the channel.
#[cfg(target_os = "linux")]
fn trusting(desk: &Desk, folder: &Path) -> Runtime {
    let mut keys = dunlin::TrustedKeys::new();
    keys.add("app", &desk.key("b1").public_text()).unwrap();
    Runtime::open(Config::new(folder, keys).updates(UpdatePolicy { models: vec![], ..policy(desk) }))
}

#[cfg(target_os = "linux")]
#[test]
fn a_recalled_bundle_that_is_installed_and_held_in_memory_too_goes_from_both() {
    let name = "runtime::a_recalled_bundle_that_is_installed_and_held_in_memory_too_goes_from_both";
    small_disk::run(name, |folder| {
        let desk = Desk::with_channel();
        desk.publish(2, 100);
        let serving = Serving::start(&desk.path("channel"), &[]);
        let installed = trusting(&desk, folder);
        installed.install(&desk.path("tiny-2.dunlin")).unwrap();
        installed.close().unwrap();
        small_disk::fill(&folder.join("ballast"));
        let runtime = trusting(&desk, folder);
        let held = runtime.install_shipped(&desk.path("tiny-2.dunlin")).unwrap();
        assert_eq!(held.outcome, InstallOutcome::HeldInMemory);
        let mut session = runtime.session("tiny").unwrap();
        assert_eq!(answered_by(&mut session), AnsweredBy::Model);
        std::fs::remove_file(folder.join("ballast")).unwrap();

        recall(&desk, 2);
        assert_eq!(update(&runtime, &serving).recalled, ["1.2.0: wrong labels"]);
        assert_eq!((answered_by(&mut session), slots(&runtime)), (AnsweredBy::Nobody, vec![]));
        runtime.flush().unwrap();
        assert!(states(folder).contains(&"1.2.0 active refused".to_owned()), "{:?}", states(folder));
    });
}

#[test]
fn an_installed_bundle_outlives_the_key_that_signed_it_and_a_new_one_of_that_key_is_refused_once() {
    let desk = Desk::with_channel();
    desk.publish(1, 100);
    let serving = Serving::start(&desk.path("channel"), &[]);
    update(&device(&desk), &serving);
    desk.publish(2, 100);
    desk.run("channel rotate channel --old b1 --new b2.pub --key r1.key --key r2.key").expect(0, &["root 2."]);
    let runtime = device(&desk);
    let refused = update(&runtime, &serving);
    assert_eq!((refused.outcome, refused.version.as_deref()), (UpdateOutcome::Refused, Some("1.2.0")));
    assert!(refused.why.unwrap().contains("not among the 1 trusted here"));
    assert_eq!(answered_by(&mut runtime.session("tiny").unwrap()), AnsweredBy::Model);
    drop(runtime);
    let runtime = device(&desk);
    let mut http = Http::to(&serving);
    let again = only(runtime.update(&mut http, Link::Unmetered).unwrap());
    assert_eq!(
        (again.outcome, http.parts().len()),
        (UpdateOutcome::Current, 0),
        "it is not fetched to be refused again"
    );
    let refusals = Reader::open(&desk.path("device")).unwrap().events(10).unwrap();
    let refusal = refusals.iter().find(|event| event.kind == "bundle_refused").unwrap();
    assert_eq!((&refusal.detail["model_id"], &refusal.detail["version"]), (&"tiny".into(), &"1.2.0".into()));
}

#[test]
fn a_bundle_that_the_channel_calls_something_else_than_its_signer_is_refused() {
    let desk = Desk::with_channel();
    desk.publish(1, 100);
    let envelope = Envelope::parse(Document::Channel, &desk.read("channel/stable.json")).unwrap();
    let mut channel = Channel::parse(&envelope.payload).unwrap();
    // A thief of the channel's key offers an old bundle as a new one.
    (channel.version, channel.releases[0].sequence) = (channel.version + 1, 9);
    let payload = channel.to_payload();
    let signatures = vec![Signed { key: "c1".to_owned(), minisig: desk.key("c1").sign(payload.as_bytes()) }];
    desk.write("channel/stable.json", Envelope { payload, signatures }.to_json());
    let serving = Serving::start(&desk.path("channel"), &[]);
    let runtime = device(&desk);
    let refused = update(&runtime, &serving);
    assert_eq!(refused.outcome, UpdateOutcome::Refused);
    assert!(refused.why.unwrap().contains("tiny 1.1.0 (sequence 9) is tiny 1.1.0 (sequence 1)"));
    assert_eq!(slots(&runtime), []);
}

#[test]
fn an_older_channel_is_refused_also_after_a_restart_and_the_model_answers_on() {
    let desk = Desk::with_channel();
    desk.publish(1, 100);
    let serving = Serving::start(&desk.path("channel"), &[]);
    let old = desk.read("channel/stable.json");
    update(&device(&desk), &serving);
    desk.publish(2, 10);
    update(&device(&desk), &serving);
    desk.write("channel/stable.json", old);
    let runtime = device(&desk);
    let error = runtime.update(&mut Http::to(&serving), Link::Unmetered).unwrap_err();
    assert_eq!(error.code(), "rollback", "{error}");
    assert_eq!(answered_by(&mut runtime.session("tiny").unwrap()), AnsweredBy::Model);
}

#[test]
fn a_channel_that_is_not_signed_again_in_time_is_told_by_health_and_the_model_answers_on() {
    let desk = Desk::with_channel();
    desk.publish(1, 100);
    let serving = Serving::start(&desk.path("channel"), &[]);
    assert!(device(&desk).health().notices.is_empty(), "a channel that was never fetched has not expired");
    update(&device(&desk), &serving);
    let (clock, _) = dunlin::clock::Clock::by_hand(crate::phone::now_us() + 30 * 86_400_000_000);
    let config = Config::new(desk.path("device"), dunlin::TrustedKeys::new()).updates(policy(&desk)).clock(clock);
    let runtime = Runtime::open(config);
    let error = runtime.update(&mut Http::to(&serving), Link::Unmetered).unwrap_err();
    assert_eq!(error.code(), "expired", "{error}");
    let notices = runtime.health().notices;
    assert!(
        notices[0].what.contains("no updates come: ") && notices[0].remedy.contains("channel renew"),
        "{notices:?}"
    );
    assert_eq!(answered_by(&mut runtime.session("tiny").unwrap()), AnsweredBy::Model);
}

#[test]
fn a_runtime_without_a_channel_one_with_a_damaged_root_and_a_transport_that_cannot_fetch_say_so() {
    struct Uploads;
    impl Transport for Uploads {
        fn send(&mut self, _: &Upload) -> Result<Response, TransportError> {
            Err(TransportError::new("no network"))
        }
    }
    let desk = Desk::with_channel();
    let runtime = Runtime::open(Config::new(desk.path("device"), dunlin::TrustedKeys::new()));
    assert_eq!(runtime.update(&mut Uploads, Link::Unmetered), Err(UpdateError::NotConfigured));
    drop(runtime);
    let runtime = with(&desk, UpdatePolicy::new("{}", "stable"));
    let error = runtime.update(&mut Uploads, Link::Unmetered).unwrap_err();
    assert!(error.to_string().starts_with("the root that ships with the app: "), "{error}");
    drop(runtime);
    let error = device(&desk).update(&mut Uploads, Link::Unmetered).unwrap_err();
    assert!(error.to_string().contains("does not know how to fetch /v1/channel/root/2.json"), "{error}");
}

#[test]
fn the_command_follows_a_channel_and_says_what_came_of_it() {
    let desk = Desk::with_channel();
    desk.publish(1, 100);
    let serving = Serving::start(&desk.path("channel"), &[]);
    let words = format!("update device --url {} --root channel/root/1.json", serving.url);
    desk.run(&words).expect(6, &["device"]);
    desk.run(&format!("{words} --model tiny"))
        .expect(0, &["tiny: 1.1.0 was fetched and verified, and answers from now on"]);
    desk.publish(2, 100);
    desk.run(&format!("{words} --metered")).expect(0, &["tiny: 1.2.0 waits: its ", "a link that costs nothing"]);
    desk.run(&words).expect(0, &["tiny: 1.2.0 was fetched and verified, and watches from now on"]);
    desk.run("models device").expect(0, &["tiny 1.1.0 (sequence 1): active", "tiny 1.2.0 (sequence 2): candidate"]);
    recall(&desk, 2);
    desk.run(&words).expect(0, &["tiny: recalled 1.2.0: wrong labels"]);
    let found = desk.run(&format!("{words} --json")).expect(0, &[]).json();
    assert_eq!((&found["models"][0]["outcome"], &found["root_version"]), (&"current".into(), &1.into()));
    desk.run(&format!("{words} --channel other")).expect(8, &["status 404"]);
    desk.run("update device --url http://127.0.0.1:1 --root channel/root/1.json").expect(8, &["no answer"]);
    desk.run(&format!("update device --url {} --root tiny-1.dunlin", serving.url)).expect(4, &["the root that ships"]);
}
