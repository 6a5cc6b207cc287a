use landfall::*;
#[tokio::test]
async fn smoke() {
    let url: url::Url = "https://localhost/sw.js".parse().unwrap();
    let host = Host::builder()
        .connectivity(ConnectivityMode::Offline)
        .origin_server(&url, landfall::network::origin::OriginServer::Folder { root: "/tmp/smoke".into(), accept: vec![] })
        .build().await.unwrap();
    let mut events = host.events();
    tokio::spawn(async move { while let Some(e) = events.next().await { eprintln!("{}", serde_json::to_string(&e).unwrap()); } });
    let r = host.register(RegisterOptions::new(url.clone())).await.unwrap();
    eprintln!("{r:?}");
    let page = host.open_client(ClientOptions { url: "https://localhost/index.html".parse().unwrap(), script: ClientScript::Source("
      console.log('page', window === self, navigator.serviceWorker.controller?.state, navigator.onLine);
      navigator.serviceWorker.onmessage = (e) => console.log('page got', e.data, e.source.scriptURL);
      navigator.serviceWorker.ready.then(r => { r.active.postMessage('x'); r.sync.register('outbox').then(() => console.log('registered')); });
      undefinedFunction;
    ".replace("undefinedFunction;", "").into()) }).await.unwrap();
    eprintln!("eval {:?}", page.eval("1+1").await);
    eprintln!("eval {:?}", page.eval("fetch('/hello').then(r => r.text())").await);
    eprintln!("eval {:?}", page.eval("fetch('/sw.js').then(r => r.text())").await);
    eprintln!("eval {:?}", page.eval("(async () => { throw new TypeError('x') })()").await);
    host.run_until_idle().await.unwrap();
    eprintln!("{}", serde_json::to_string_pretty(&host.status().await.unwrap()).unwrap());
    host.go_online();
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    host.run_until_idle().await.unwrap();
    eprintln!("tags {:?}", page.eval("navigator.serviceWorker.ready.then(r => r.sync.getTags())").await);
    host.shut_down().await.unwrap();
}
