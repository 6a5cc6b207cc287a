//! The tables of moves: workers, registrations, scopes, jobs, updates, clients.

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use crate::clock::Timestamp;
use crate::service_worker::client::{
    Client, ClientId, ClientQuery, ClientScope, ClientType, FrameType, match_all,
};
use crate::service_worker::event::{EventKind, should_skip_event};
use crate::service_worker::job::{Job, JobKind, JobQueue, Scheduled, ScriptChoice};
use crate::service_worker::lifetime::{EventLimits, Owed};
use crate::service_worker::registration::{
    RegistrationId, ServiceWorkerRegistration, UpdateViaCache, Usage,
};
use crate::service_worker::scope::{
    ScopeError, ScopeException, check_max_scope, check_registration, default_scope,
    is_potentially_trustworthy, match_registration, max_scope_path, resolve,
};
use crate::service_worker::script::{ScriptMap, ScriptResource, ScriptType};
use crate::service_worker::update::{
    FetchedScript, ScriptRole, has_import_changed, has_main_script_changed, is_stale,
    should_bypass_cache,
};
use crate::service_worker::worker::{ServiceWorker, WorkerId, WorkerState};

fn url(text: &str) -> Url {
    Url::parse(text).expect("tests use well-formed addresses")
}

fn worker(id: i64) -> ServiceWorker {
    ServiceWorker::new(
        WorkerId(id),
        url("https://shop.example/sw.js"),
        ScriptType::Classic,
    )
}

fn registration(id: i64, scope: &str) -> ServiceWorkerRegistration {
    ServiceWorkerRegistration::new(RegistrationId(id), url(scope), UpdateViaCache::Imports)
}

fn installed(id: i64) -> ServiceWorkerRegistration {
    let mut registration = registration(1, "https://shop.example/");
    registration.begin_install(worker(id)).unwrap();
    registration.finish_install().unwrap();
    registration
}

fn activated(id: i64) -> ServiceWorkerRegistration {
    let mut registration = installed(id);
    registration.begin_activate().unwrap();
    registration.finish_activate().unwrap();
    registration
}

const IN_USE: Usage = Usage {
    has_clients: true,
    has_pending_events: false,
};
const UNUSED: Usage = Usage {
    has_clients: false,
    has_pending_events: false,
};

#[test]
fn a_worker_goes_one_step_at_a_time_and_can_always_become_redundant() {
    use WorkerState::{Activated, Activating, Installed, Installing, Parsed, Redundant};
    let states = [
        Parsed, Installing, Installed, Activating, Activated, Redundant,
    ];
    for (step, from) in states.into_iter().enumerate() {
        for (next, to) in states.into_iter().enumerate() {
            let expected = from != Redundant && (to == Redundant || next == step + 1);
            assert_eq!(from.can_become(to), expected, "{from:?} to {to:?}");
        }
    }
    let mut worker = worker(1);
    let refused = worker.move_to(Activated).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "a worker that is parsed cannot become activated"
    );
}

#[test]
fn a_first_worker_installs_waits_and_takes_over() {
    let registration = activated(7);
    let active = registration.active.as_ref().unwrap();
    assert_eq!(
        (active.id, active.state),
        (WorkerId(7), WorkerState::Activated)
    );
    assert!(registration.installing.is_none() && registration.waiting.is_none());
    assert_eq!(registration.origin, "https://shop.example");
}

#[test]
fn a_failed_install_leaves_the_active_worker_alone() {
    let mut registration = activated(1);
    registration.begin_install(worker(2)).unwrap();
    assert_eq!(registration.newest_worker().unwrap().id, WorkerId(2));
    let failed = registration.fail_install().unwrap();
    assert_eq!(failed.state, WorkerState::Redundant);
    assert_eq!(registration.newest_worker().unwrap().id, WorkerId(1));
}

#[test]
fn a_newer_installed_worker_replaces_the_waiting_one() {
    let mut registration = activated(1);
    registration.begin_install(worker(2)).unwrap();
    registration.finish_install().unwrap();
    registration.begin_install(worker(3)).unwrap();
    let replaced = registration.finish_install().unwrap().unwrap();
    assert_eq!(
        (replaced.id, replaced.state),
        (WorkerId(2), WorkerState::Redundant)
    );
    assert_eq!(registration.workers().count(), 2);
}

#[test]
fn a_waiting_worker_takes_over_when_nobody_needs_the_old_one() {
    let busy = Usage {
        has_clients: false,
        has_pending_events: true,
    };
    assert!(!registration(1, "https://shop.example/").should_activate(UNUSED));
    assert!(installed(1).should_activate(IN_USE), "nothing to replace");

    let mut replacing = activated(1);
    replacing.begin_install(worker(2)).unwrap();
    replacing.finish_install().unwrap();
    assert!(replacing.should_activate(UNUSED));
    assert!(!replacing.should_activate(IN_USE));
    assert!(!replacing.should_activate(busy));

    replacing.worker_mut(WorkerId(2)).unwrap().skip_waiting = true;
    assert!(
        replacing.should_activate(IN_USE),
        "skipWaiting() was called"
    );
    assert!(!replacing.should_activate(busy), "an event still runs");
    let old = replacing.begin_activate().unwrap().unwrap();
    assert_eq!((old.id, old.state), (WorkerId(1), WorkerState::Redundant));
}

#[test]
fn nothing_takes_over_from_a_worker_that_is_activating() {
    let mut registration = installed(1);
    registration.begin_activate().unwrap();
    registration.begin_install(worker(2)).unwrap();
    registration.finish_install().unwrap();
    assert!(!registration.should_activate(UNUSED));
}

#[test]
fn a_restart_forgets_an_interrupted_install() {
    let mut first = registration(1, "https://shop.example/");
    first.begin_install(worker(1)).unwrap();
    assert_eq!(first.recover_after_restart(), None);

    let mut second = activated(1);
    second.begin_install(worker(2)).unwrap();
    let recovered = second.recover_after_restart().unwrap();
    assert_eq!(recovered, activated(1));
}

#[test]
fn a_restart_activates_again_what_was_activating() {
    let mut registration = installed(1);
    registration.begin_activate().unwrap();
    assert_eq!(registration.recover_after_restart().unwrap(), installed(1));
}

#[test]
fn clearing_makes_every_worker_redundant() {
    let mut registration = activated(1);
    registration.begin_install(worker(2)).unwrap();
    let cleared = registration.clear();
    assert_eq!(cleared.len(), 2);
    assert!(
        cleared
            .iter()
            .all(|worker| worker.state == WorkerState::Redundant)
    );
    assert!(registration.newest_worker().is_none());
}

#[test]
fn the_longest_scope_is_in_charge() {
    let all = [
        registration(1, "https://shop.example/"),
        registration(2, "https://shop.example/cart/"),
        registration(3, "https://shop.example:8443/cart/"),
    ];
    let in_charge = |address: &str| match_registration(&all, &url(address)).map(|found| found.id.0);
    assert_eq!(in_charge("https://shop.example/cart/pay?now"), Some(2));
    assert_eq!(in_charge("https://shop.example/cart"), Some(1));
    assert_eq!(in_charge("https://shop.example:8443/cart/"), Some(3));
    assert_eq!(in_charge("http://shop.example/"), None);
}

#[test]
fn registration_checks_give_the_exceptions_of_the_specification() {
    let page = url("https://shop.example/app/index.html");
    let check = |script: &str, scope: &str| {
        check_registration(&url(script), &url(scope), &page).map_err(|error| error.exception())
    };
    let (type_error, security_error) = (ScopeException::TypeError, ScopeException::SecurityError);
    let script = "https://shop.example/sw.js";
    assert_eq!(check(script, "https://shop.example/any/"), Ok(()));
    assert_eq!(
        check("data:text/javascript,1", "https://shop.example/"),
        Err(type_error)
    );
    assert_eq!(check(script, "ftp://shop.example/"), Err(type_error));
    assert_eq!(
        check("https://shop.example/a%2Fsw.js", "https://shop.example/"),
        Err(type_error)
    );
    assert_eq!(check(script, "https://shop.example/a%5cb"), Err(type_error));
    assert_eq!(
        check("https://cdn.example/sw.js", "https://shop.example/"),
        Err(security_error)
    );
    assert_eq!(check(script, "https://cdn.example/"), Err(security_error));

    let insecure = url("http://shop.example/");
    let refused = check_registration(&insecure, &insecure, &insecure).unwrap_err();
    assert_eq!(refused.exception(), security_error);
    assert!(
        refused
            .to_string()
            .contains("`http://shop.example` is not secure")
    );
    assert!(matches!(
        resolve("https://", &page),
        Err(ScopeError::InvalidUrl(_))
    ));
}

#[test]
fn a_script_may_claim_its_folder_or_what_its_header_allows() {
    let script = url("https://shop.example/app/sw.js?v=1");
    assert_eq!(
        default_scope(&script).unwrap().as_str(),
        "https://shop.example/app/"
    );
    assert_eq!(max_scope_path(&script, None).unwrap(), "/app/");
    assert_eq!(max_scope_path(&script, Some("/")).unwrap(), "/");
    assert_eq!(max_scope_path(&script, Some("sub")).unwrap(), "/app/sub");
    assert!(max_scope_path(&script, Some("https://cdn.example/")).is_err());

    let whole = url("https://shop.example/");
    let refused = check_max_scope(&script, &whole, None).unwrap_err();
    assert!(
        refused
            .to_string()
            .starts_with("the scope `/` is not under the max scope allowed, `/app/`")
    );
    assert_eq!(refused.exception(), ScopeException::SecurityError);
    assert_eq!(check_max_scope(&script, &whole, Some("/")), Ok(()));
}

#[test]
fn only_https_and_the_own_machine_are_trusted() {
    for trusted in [
        "https://shop.example/",
        "http://localhost:3000/",
        "http://app.localhost/",
        "http://127.0.0.1/",
        "http://127.8.9.1:80/",
        "http://[::1]:8080/",
    ] {
        assert!(is_potentially_trustworthy(&url(trusted)), "{trusted}");
    }
    for untrusted in [
        "http://shop.example/",
        "http://10.0.0.1/",
        "http://localhost.example/",
        "data:,x",
    ] {
        assert!(!is_potentially_trustworthy(&url(untrusted)), "{untrusted}");
    }
}

fn register_job(script: &str) -> Job {
    Job {
        kind: JobKind::Register(ScriptChoice {
            url: url(script),
            script_type: ScriptType::Classic,
            update_via_cache: UpdateViaCache::Imports,
        }),
        scope: url("https://shop.example/"),
        client_url: None,
    }
}

#[test]
fn jobs_of_one_scope_take_turns() {
    let unregister = Job {
        kind: JobKind::Unregister,
        scope: url("https://shop.example/"),
        client_url: None,
    };
    let mut queue = JobQueue::new();
    let job = register_job("https://shop.example/sw.js");
    assert_eq!(queue.schedule(job.clone(), "first"), Scheduled::Start);
    assert_eq!(
        queue.schedule(unregister.clone(), "second"),
        Scheduled::Queued
    );
    assert_eq!(queue.schedule(job.clone(), "third"), Scheduled::Queued);
    assert_eq!(queue.settle(&job.scope), ["first"]);
    assert_eq!(queue.finish(&job.scope), Some(unregister));
    assert_eq!(queue.finish(&job.scope), Some(job.clone()));
    assert_eq!(queue.finish(&job.scope), None);
    assert!(queue.is_empty());
}

#[test]
fn it_does_not_matter_who_asks_for_a_job() {
    let job = register_job("https://shop.example/sw.js");
    let other = Job {
        client_url: Some(url("https://shop.example/page")),
        ..job.clone()
    };
    assert!(job.is_equivalent(&other));
}

#[test]
fn equivalent_jobs_share_a_result_until_it_is_known() {
    let mut queue = JobQueue::new();
    let job = register_job("https://shop.example/sw.js");
    let other = register_job("https://shop.example/other.js");
    queue.schedule(job.clone(), 1);
    assert_eq!(queue.schedule(job.clone(), 2), Scheduled::Joined);
    assert_eq!(queue.settle(&job.scope), [1, 2]);
    assert_eq!(
        queue.schedule(job.clone(), 3),
        Scheduled::Queued,
        "too late to join"
    );
    assert_eq!(queue.schedule(other, 4), Scheduled::Queued);
    assert_eq!(queue.finish(&job.scope), Some(job.clone()));
    assert_eq!(queue.settle(&job.scope), [3]);
}

fn scripts(main: &str, imported: &str) -> ScriptMap {
    let resource = |address: &str, body: &str| {
        let script = ScriptResource {
            url: url(address),
            mime_type: "text/javascript".to_owned(),
            referrer_policy: String::new(),
            body: Arc::from(body.as_bytes()),
        };
        (url(address), script)
    };
    ScriptMap::from_iter([
        resource("https://shop.example/sw.js", main),
        resource("https://shop.example/lib.js", imported),
    ])
}

#[test]
fn one_changed_byte_makes_a_new_worker() {
    let (worker, scripts) = (worker(1), scripts("one", "lib"));
    let (main, other) = (
        url("https://shop.example/sw.js"),
        url("https://shop.example/v2.js"),
    );
    let changed = |address: &Url, script_type, body: &str| {
        let fetched = FetchedScript {
            url: address,
            script_type,
            body: body.as_bytes(),
        };
        has_main_script_changed(Some((&worker, &scripts)), fetched)
    };
    assert!(!changed(&main, ScriptType::Classic, "one"));
    assert!(changed(&main, ScriptType::Classic, "onE"));
    assert!(changed(&main, ScriptType::Module, "one"));
    assert!(changed(&other, ScriptType::Classic, "one"));

    let lib = url("https://shop.example/lib.js");
    assert_eq!(
        scripts
            .imported(&main)
            .map(|(url, _)| url)
            .collect::<Vec<_>>(),
        [&lib]
    );
    assert!(has_import_changed(&scripts, &lib, Some(b"lib2")));
    assert!(!has_import_changed(&scripts, &lib, Some(b"lib")));
    assert!(
        !has_import_changed(&scripts, &lib, None),
        "a failed fetch is no change"
    );
}

#[test]
fn what_a_script_was_once_it_stays() {
    let mut scripts = scripts("one", "lib");
    let main = url("https://shop.example/sw.js");
    let mut later = scripts.get(&main).unwrap().clone();
    later.body = Arc::from(&b"two"[..]);
    scripts.insert(main.clone(), later);
    assert_eq!(&*scripts.get(&main).unwrap().body, b"one");
}

#[test]
fn a_registration_is_stale_after_a_day() {
    let mut registration = activated(1);
    assert!(
        !is_stale(&registration, Timestamp(i64::MAX)),
        "never checked"
    );
    registration.last_update_check = Some(Timestamp(0));
    assert!(!is_stale(&registration, Timestamp(86_400_000)));
    assert!(is_stale(&registration, Timestamp(86_400_001)));
}

#[test]
fn update_via_cache_says_which_scripts_the_cache_may_answer() {
    use UpdateViaCache::{All, Imports, None};
    for (policy, main, imported) in [
        (Imports, true, false),
        (All, false, false),
        (None, true, true),
    ] {
        assert_eq!(
            should_bypass_cache(ScriptRole::Main, policy, false),
            main,
            "{policy:?}"
        );
        assert_eq!(
            should_bypass_cache(ScriptRole::Imported, policy, false),
            imported,
            "{policy:?}"
        );
        assert!(should_bypass_cache(ScriptRole::Imported, policy, true));
    }
}

#[test]
fn events_nobody_listened_to_are_skipped() {
    let handled = ["fetch".to_owned(), "sync".to_owned()];
    assert!(!should_skip_event(&handled, EventKind::Sync));
    assert!(should_skip_event(&handled, EventKind::PeriodicSync));
    assert!(EventKind::Sync.is_functional() && !EventKind::Message.is_functional());
}

#[test]
fn a_sync_event_has_three_minutes_and_does_not_cost_the_worker_its_life() {
    let limits = EventLimits::default();
    let of = |kind| limits.limit_for(kind, Duration::from_secs(180)).as_secs();
    assert_eq!(of(EventKind::Sync), 180);
    assert_eq!(of(EventKind::Push), 90);
    assert_eq!(of(EventKind::Fetch), 300);
    assert!(!EventLimits::is_killed_on_timeout(EventKind::PeriodicSync));
    assert!(EventLimits::is_killed_on_timeout(EventKind::Fetch));
}

#[test]
fn a_worker_has_half_a_minute_for_its_answer_and_five_seconds_by_any_clock() {
    let limits = EventLimits::default();
    let is_unresponsive = |by_clock, really| {
        limits.is_unresponsive(Owed {
            by_clock: Duration::from_secs(by_clock),
            really: Duration::from_secs(really),
        })
    };
    assert!(!is_unresponsive(29, 29));
    assert!(is_unresponsive(30, 30));
    assert!(!is_unresponsive(86_400, 4));
    assert!(is_unresponsive(30, 5));
}

fn client(created: u64, kind: ClientType, last_focus: Option<u64>) -> Client {
    Client {
        id: ClientId(created.to_string()),
        url: url("https://shop.example/page"),
        kind,
        frame_type: FrameType::TopLevel,
        ancestor_origins: Vec::new(),
        controller: created.is_multiple_of(2).then_some(RegistrationId(1)),
        is_visible: true,
        is_focused: false,
        last_focus,
        created,
    }
}

#[test]
fn match_all_shows_windows_by_focus_and_then_the_rest_by_age() {
    let clients = [
        client(0, ClientType::Worker, None),
        client(1, ClientType::Window, None),
        client(2, ClientType::Window, Some(4)),
        client(3, ClientType::Window, Some(9)),
        client(4, ClientType::Window, None),
    ];
    let script = url("https://shop.example/sw.js");
    let found = |controls, include_uncontrolled, kind| {
        let scope = ClientScope {
            worker_url: &script,
            controls,
        };
        let query = ClientQuery {
            include_uncontrolled,
            kind,
        };
        match_all(&clients, scope, query)
            .iter()
            .map(|client| client.created)
            .collect::<Vec<_>>()
    };
    let active = Some(RegistrationId(1));
    assert_eq!(found(active, true, None), [3, 2, 1, 4, 0]);
    assert_eq!(found(active, true, Some(ClientType::Window)), [3, 2, 1, 4]);
    assert_eq!(found(active, false, Some(ClientType::Window)), [2, 4]);
    assert_eq!(
        found(None, false, None),
        [] as [u64; 0],
        "a worker that is not active controls nobody"
    );
}

#[test]
fn match_all_shows_only_the_own_origin() {
    let mut foreign = client(2, ClientType::Window, None);
    foreign.url = url("https://other.example/");
    let script = url("https://shop.example/sw.js");
    let scope = ClientScope {
        worker_url: &script,
        controls: Some(RegistrationId(1)),
    };
    assert!(match_all([&foreign], scope, ClientQuery::default()).is_empty());
}
