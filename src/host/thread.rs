//! The host's own thread: opens what is on disk, then takes work and requests until it is told to end.

use std::rc::Rc;
use std::sync::Arc;
use std::thread;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::LocalSet;

use crate::connectivity::{Connectivity, NetworkState};
use crate::engine;
use crate::host::builder::{DataFolderChoice, HostBuilder};
use crate::host::core::{Core, Folder, Parts};
use crate::host::error::Error;
use crate::host::event::{EventFeed, HostEvent, HostEventKind};
use crate::host::idle::Parks;
use crate::host::origins::clear_storage_by;
use crate::host::scopes::Scopes;
use crate::network::{FinishedRequest, Gate, Network, NetworkOptions, Observer};
use crate::storage::{DataFolder, Storage};
use crate::web::host_port::ContextId;

/// Work for the host's thread.
pub(super) type Task = Box<dyn FnOnce(Rc<Core>) + Send>;

/// A handle on the host's thread. Dropping it ends the thread.
pub(super) struct HostThread {
    tasks: mpsc::UnboundedSender<Task>,
    /// Set to true to end.
    shutdown: watch::Sender<bool>,
    /// Closed when the thread has ended.
    ended: watch::Receiver<()>,
}

impl HostThread {
    /// Starts the thread and waits until it has taken up what was on disk.
    pub(super) async fn start(
        builder: HostBuilder,
        events: Arc<EventFeed>,
        connectivity: Connectivity,
    ) -> Result<Self, Error> {
        engine::init();
        let (tasks, received) = mpsc::unbounded_channel();
        let to_itself = tasks.downgrade();
        let (shutdown, told_to_end) = watch::channel(false);
        let (alive, ended) = watch::channel(());
        let (ready, is_ready) = oneshot::channel();
        thread::Builder::new()
            .name("landfall-host".to_owned())
            .spawn(move || {
                let given = Given {
                    builder,
                    events,
                    connectivity,
                    to_itself,
                };
                run(given, received, told_to_end, ready);
                drop(alive);
            })
            .map_err(Error::Thread)?;
        is_ready.await.unwrap_or(Err(Error::ShutDown))?;
        Ok(Self {
            tasks,
            shutdown,
            ended,
        })
    }

    pub(super) fn run(&self, task: Task) {
        // A thread that has ended drops the task, and with it the reply channel inside.
        let _ = self.tasks.send(task);
    }

    pub(super) async fn shut_down(&self) {
        self.shutdown.send_replace(true);
        let mut ended = self.ended.clone();
        // Fails when the sender is dropped, which is what is waited for.
        while ended.changed().await.is_ok() {}
    }
}

impl Drop for HostThread {
    fn drop(&mut self) {
        self.shutdown.send_replace(true);
    }
}

/// What the thread is started with.
struct Given {
    builder: HostBuilder,
    events: Arc<EventFeed>,
    connectivity: Connectivity,
    /// For the network, which may not keep the thread alive.
    to_itself: mpsc::WeakUnboundedSender<Task>,
}

fn run(
    given: Given,
    tasks: mpsc::UnboundedReceiver<Task>,
    told_to_end: watch::Receiver<bool>,
    ready: oneshot::Sender<Result<(), Error>>,
) {
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = ready.send(Err(Error::Thread(error)));
            return;
        }
    };
    let local = LocalSet::new();
    let parks = Parks::default();
    let work = local.run_until(async {
        let core = match open(given, parks.clone()).await {
            Ok(core) => Rc::new(core),
            Err(error) => {
                let _ = ready.send(Err(error));
                return;
            }
        };
        core.resume_registrations();
        core.resume_push();
        let resumed = core.resume_background_fetches();
        core.report_storage(resumed);
        tokio::task::spawn_local(Rc::clone(&core).run_sync_loop());
        let _ = ready.send(Ok(()));
        serve(&core, tasks, told_to_end).await;
        core.stop_all().await;
    });
    runtime.block_on(parks.watch(work));
}

/// Opens the data folder and reads what a previous run left.
async fn open(given: Given, parks: Parks) -> Result<Core, Error> {
    let Given {
        builder,
        events,
        connectivity,
        to_itself,
    } = given;
    let clock = Arc::clone(&builder.clock);
    let (folder, storage) = match &builder.folder {
        DataFolderChoice::At(path) => {
            let folder = DataFolder::acquire(path, clock.now())?;
            let storage = Storage::open(path, builder.settings.durability)?;
            (Folder::Kept(folder), storage)
        }
        DataFolderChoice::Temporary => {
            let folder = tempfile::tempdir().map_err(Error::TemporaryFolder)?;
            (Folder::Temporary(folder), Storage::open_in_memory()?)
        }
    };
    connectivity.start(Arc::clone(&clock)).await;
    let settings = builder.settings;
    let network = Network::start(NetworkOptions {
        gate: Gate::following(connectivity.subscribe(), judge),
        user_agent: settings.user_agent.clone(),
        accept_language: Some(settings.languages.join(",")),
        route: settings.route.clone(),
        cache_limit: settings.http_cache_limit,
        clock: Arc::clone(&clock),
        observer: Some(observer(Arc::clone(&events), connectivity.clone())),
        clear_storage: Some(clear_storage_by(to_itself)),
    })?;
    for (origin, server) in &settings.origins {
        network.serve_origin(origin, server.clone());
    }
    let chance = (settings.chance)();
    let core = Core::new(Parts {
        clock,
        storage,
        folder,
        network,
        connectivity,
        settings,
        events,
        parks,
    });
    core.load_registrations()?;
    core.resume_syncs(chance)?;
    core.load_notifications()?;
    core.load_push_subscriptions()?;
    Ok(core)
}

/// Whether a request may go out now, or why not.
fn judge(state: &NetworkState) -> Result<(), String> {
    if state.online {
        Ok(())
    } else {
        Err(state.reason.to_string())
    }
}

/// Failed requests are part of the story, and a reason to look at the network.
fn observer(events: Arc<EventFeed>, connectivity: Connectivity) -> Observer {
    Arc::new(move |request: &FinishedRequest| {
        if let Err(error) = &request.result {
            if error.is_lost_connection() {
                connectivity.doubt();
            }
            events.publish(&HostEvent {
                at_ms: request.ended_at,
                kind: HostEventKind::RequestFailed {
                    client_url: request.client_url.clone(),
                    method: request.method.clone(),
                    address: request.url.clone(),
                    reason: error.to_string(),
                },
            });
        }
    })
}

/// Takes work and requests in the order in which they come.
async fn serve(
    core: &Rc<Core>,
    mut tasks: mpsc::UnboundedReceiver<Task>,
    mut told_to_end: watch::Receiver<bool>,
) {
    loop {
        tokio::select! {
            biased;
            _ = told_to_end.wait_for(|ended| *ended) => return,
            Some((context, request)) = core.next_request() => core.take_request(context, request),
            Some(task) = tasks.recv() => task(Rc::clone(core)),
        }
    }
}

impl Core {
    /// Reads the registrations of a previous run, without what was left half done.
    fn load_registrations(&self) -> Result<(), Error> {
        for registration in self.storage.load_registrations()? {
            let id = registration.id;
            match registration.recover_after_restart() {
                Some(registration) => {
                    self.registrations.borrow_mut().insert(id, registration);
                }
                None => self.storage.delete_registration(id)?,
            }
        }
        Ok(())
    }

    /// Stops every scope and waits until their threads are gone.
    async fn stop_all(self: &Rc<Self>) {
        self.is_ending.set(true);
        self.background_fetches.borrow().stop();
        let running: Vec<ContextId> = self.scopes.borrow().iter().map(|(id, _)| id).collect();
        for context in running {
            self.terminate(context);
        }
        // Events that were cut off are settled before the database is closed.
        let gone = self.wait_for(|core| {
            let has_ended = core.scopes.borrow().iter().next().is_none()
                && !core.syncs.borrow().iter().any(|row| row.state.is_firing())
                && core.delivering.borrow().is_empty()
                && !core.background_fetches.borrow().are_delivering();
            has_ended.then_some(())
        });
        tokio::select! {
            () = gone => {}
            () = self.clock.sleep(self.settings.limits.stop) => {
                tracing::warn!("a script did not stop in time");
            }
        }
        // A start that is still awaited holds this core, which holds the start.
        *self.scopes.borrow_mut() = Scopes::default();
    }
}
