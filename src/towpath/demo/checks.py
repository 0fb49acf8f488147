"""The demo's workflows: a smoke test, a load test that needs a lab, and an announcement.

Shell scripts that run on this machine. Nothing is deployed in the demo, so they check what they are
told, and say so.
"""

import json
from pathlib import Path

SMOKE_TEST = "smoke-test"
LOAD_TEST = "load-test"
ANNOUNCE = "announce"


def workflows(lab: Path, announcements: Path) -> str:
    """The manifests. `lab` is the file that says who has the load lab, if anybody has."""
    texts = (_SMOKE_TEST, _LOAD_TEST.replace("LAB_FILE", _quoted(lab)))
    return "---\n".join((*texts, _ANNOUNCE.replace("ANNOUNCEMENTS_FILE", _quoted(announcements))))


def _quoted(place: Path) -> str:
    return json.dumps(str(place), ensure_ascii=False)


_HEAD = """\
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata:
  name: NAME
  annotations:
    towpath.dev/workflow-origin: promotion
spec:
  entrypoint: NAME
"""

_SMOKE_TEST = (
    "# After every deployment, once for each application.\n"
    + _HEAD.replace("NAME", SMOKE_TEST)
    + """\
  templates:
    - name: smoke-test
      steps:
        - - name: version
            template: version
          - name: commit
            template: commit
    - name: version
      script:
        image: busybox
        command: [sh]
        env:
          - {name: APPLICATION, value: "{{workflow.parameters.APP_NAME}}"}
          - {name: VERSION, value: "{{workflow.parameters.VERSION}}"}
        source: |
          sleep 0.5
          test -n "$VERSION" || { echo "nobody knows the version of $APPLICATION"; exit 1; }
          echo "$APPLICATION should answer with version $VERSION"
          echo "(nothing is deployed in the demo, so nobody is asked)"
    - name: commit
      script:
        image: busybox
        command: [sh]
        env:
          - {name: COMMIT, value: "{{workflow.parameters.COMMIT_SHA}}"}
          - {name: AUTHOR, value: "{{workflow.parameters.COMMIT_AUTHOR}}"}
          - {name: BRANCH, value: "{{workflow.parameters.BRANCH}}"}
        source: |
          test ${#COMMIT} -eq 40 || { echo "$COMMIT is no commit"; exit 1; }
          echo "deployed from $COMMIT on $BRANCH, by $AUTHOR"
"""
)

_LOAD_TEST = (
    "# Before staging, once for each application. The lab can be taken.\n"
    + _HEAD.replace("NAME", LOAD_TEST)
    + """\
  templates:
    - name: load-test
      dag:
        tasks:
          - name: enter-lab
            template: enter-lab
          - name: load
            template: load
            dependencies: [enter-lab]
            arguments:
              parameters: [{name: users, value: "{{item}}"}]
            withItems: [50, 200, 800]
    - name: enter-lab
      script:
        image: busybox
        command: [sh]
        env:
          - {name: LAB, value: LAB_FILE}
        source: |
          sleep 1
          test -e "$LAB" || { echo "the load lab is free"; exit 0; }
          echo "The load lab is taken: $(cat "$LAB")"
          echo "Free it (rm '$LAB') and retry the release."
          exit 1
    - name: load
      inputs:
        parameters: [{name: users}]
      script:
        image: busybox
        command: [sh]
        env:
          - {name: USERS, value: "{{inputs.parameters.users}}"}
          - {name: APPLICATION, value: "{{workflow.parameters.APP_NAME}}"}
        source: |
          echo "$USERS users come to $APPLICATION"
          sleep 1
          echo "and leave again (in the demo nobody asks for their opinion)"
"""
)

_ANNOUNCE = (
    "# How a release ended, for everybody to read.\n"
    + _HEAD.replace("NAME", ANNOUNCE)
    + """\
  arguments:
    parameters: [{name: ERROR_MESSAGE, value: ""}]
  templates:
    - name: announce
      script:
        image: busybox
        command: [sh]
        env:
          - {name: FILE, value: ANNOUNCEMENTS_FILE}
          - {name: RELEASE, value: "{{workflow.parameters.RELEASE_ID}}"}
          - {name: VERSION, value: "{{workflow.parameters.VERSION}}"}
          - {name: ERROR, value: "{{workflow.parameters.ERROR_MESSAGE}}"}
        source: |
          if test -n "$ERROR"; then
            echo "$RELEASE did not get through: $ERROR" >> "$FILE"
          else
            echo "$RELEASE is in production ($VERSION)" >> "$FILE"
          fi
          tail -n 1 "$FILE"
"""
)
