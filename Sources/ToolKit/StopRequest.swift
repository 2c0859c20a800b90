import CToolKit

/// Signals by which a scheduler takes the machine back: SIGTERM, and SIGUSR1, which some send ahead as a warning.
///
/// A tool that can go on from where it was takes them as a request to save its work and end. Others end at once.
public enum StopRequest {
  /// From now on these signals end the process no more; a second SIGTERM, a second or more after the first, still does.
  public static func take() { rote_stop_requests_take() }

  public static var isMade: Bool { rote_is_stop_requested() != 0 }
}
