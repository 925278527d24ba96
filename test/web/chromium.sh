#!/bin/sh
# The page is drawn without graphics hardware here: that must not take the machine from the robot. Run by root, Chromium
# would put its drawing before everything else again, unless it may not; and the page's own thread, which hears the keys,
# behind it (nice 5), which it does for nobody else, unless that feature is off.
# CHROMIUM_NICENESS: within its session, 19 when it is left out. CHROMIUM_SHARE: of the session, which only root may raise.
if [ -n "$CHROMIUM_SHARE" ]; then echo "$CHROMIUM_SHARE" >/proc/self/autogroup || exit 1; fi
[ "$(id -u)" = 0 ] && command -v setpriv >/dev/null && patient='setpriv --bounding-set=-sys_nice --inh-caps=-sys_nice'
for argument; do
  shift
  case $argument in --disable-features=*) argument=$argument,PMProcessPriorityPolicy ;; esac
  set -- "$@" "$argument"
done
exec nice -n "${CHROMIUM_NICENESS:-19}" $patient /usr/bin/chromium "$@"
