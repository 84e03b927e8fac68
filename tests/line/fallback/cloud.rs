//! Against the cloud's own server on loopback: the answer is the one that the local predictor gives.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use dunlin::fallback::FallbackRequest;
use dunlin::outbox::{Response, TransportError};
use dunlin_bundle::{Bundle, Parts};
use dunlin_cloud::{Config, Server, Tokens};
use dunlin_engine::PlanEngine;
use dunlin_predictor::Predictor;

use super::{Asker, generous, open_parts};
use crate::device::{far, record};

/// The model as the cloud has it: a later version that has seen inputs from farther away.
fn cloud_parts() -> Parts {
    let mut parts = Parts { version: semver::Version::new(2, 0, 0), sequence: 70, ..open_parts() };
    parts.reference.guard.distance = None;
    parts
}

/// A server of one bundle, its folder, and the bundle.
fn serve(asker: &Asker, tokens: Tokens) -> (Server, tempfile::TempDir, Bundle) {
    let folder = tempfile::tempdir().unwrap();
    let bytes = asker.device.key.sign_bundle(cloud_parts().write().unwrap()).unwrap();
    let bundles = folder.path().join("bundles");
    std::fs::create_dir(&bundles).unwrap();
    std::fs::write(bundles.join("tiny-2.0.0.dunlin"), &bytes).unwrap();
    let keys = asker.device.key.trusted();
    let bundle = Bundle::read(bytes, &keys).unwrap();
    let config = Config { bundles: Some(bundles), keys, tokens, ..Config::new(folder.path().join("data")) };
    (Server::start(config).unwrap(), folder, bundle)
}

/// What a host does with a request, in the fewest words.
fn post(to: SocketAddr, request: &FallbackRequest) -> Result<Response, TransportError> {
    let exchange = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(to)?;
        stream.set_read_timeout(Some(request.deadline))?;
        let (body, path, kind) = (request.body(), &request.path, request.content_type);
        let length = body.len();
        let head = "Host: cloud\r\nConnection: close\r\n";
        write!(stream, "POST {path} HTTP/1.1\r\n{head}Content-Type: {kind}\r\nContent-Length: {length}\r\n\r\n")?;
        stream.write_all(&body)?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        Ok(text)
    };
    let text = exchange().map_err(TransportError::new)?;
    let (head, body) = text.split_once("\r\n\r\n").ok_or_else(|| TransportError::new("not HTTP"))?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Ok(Response { status, body: body.into(), ..Response::default() })
}

#[test]
fn the_cloud_s_answer_is_the_local_predictor_s_for_the_full_record() {
    let mut asker = Asker::new(generous());
    let (server, _folder, bundle) = serve(&asker, Tokens::none());
    let request = asker.request();
    let resolved = asker.session.resolve(&request, post(server.address(), &request)).unwrap();
    let mut local = Predictor::load(&PlanEngine::default(), &bundle).unwrap();
    let expected = local.predict(&record(&asker.session, &far())).unwrap();
    assert_eq!(Some(resolved.outputs), expected.outputs);
    assert_eq!(resolved.confidence, expected.confidence);
    assert_eq!(asker.row(&request).answered_by, "cloud");
    server.stop();
}

#[test]
fn a_cloud_that_wants_a_token_or_is_gone_leaves_the_answer_as_it_was() {
    let mut asker = Asker::new(generous());
    let (server, _folder, _) = serve(&asker, Tokens::parse("0123456789abcdef").unwrap());
    let request = asker.request();
    let error = asker.session.resolve(&request, post(server.address(), &request)).unwrap_err();
    assert_eq!(error.code(), "unwelcome");
    let address = server.address();
    server.stop();
    let request = asker.request();
    let error = asker.session.resolve(&request, post(address, &request)).unwrap_err();
    assert_eq!(error.code(), "no_answer");
    assert_eq!((asker.row(&request).answered_by.as_str(), asker.count("fallback.failed")), ("none", 2));
}
