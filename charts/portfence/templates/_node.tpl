{{- /* A container that runs portfence as root of the node. kind: state (serves the fence) or run (takes it away). */ -}}
{{- define "portfence.nodeContainer" -}}
name: {{ .name }}
image: {{ include "portfence.image" .root | quote }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
command: [/usr/bin/portfence]
args: {{ toJson .args }}
env:
  - name: PORTFENCE_STATE_DIR
    value: {{ ternary "/run/portfence" "/host/run/portfence" (eq .kind "state") }}
  - name: PORTFENCE_PROC_SYS
    value: /host/proc/sys
  {{- with .env }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
resources: {{ toJson .root.Values.resources }}
securityContext:
  runAsUser: 0
  runAsGroup: 0
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
    add: {{ toJson .capabilities }}
volumeMounts:
  {{- with .mounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  - { name: tmp, mountPath: /tmp }
  {{- if eq .kind "state" }}
  - { name: state, mountPath: /run/portfence }
  {{- else }}
  - { name: run, mountPath: /host/run }
  {{- end }}
  - { name: xtables-lock, mountPath: /run/xtables.lock }
  - { name: netns, mountPath: /run/netns, mountPropagation: HostToContainer }
  - { name: settings, mountPath: /host/proc/sys/net }
  {{- with .lastMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{- define "portfence.nodePod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
hostNetwork: true
hostPID: true
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.image.pullSecrets }}
imagePullSecrets: {{ toJson . }}
{{- end }}
nodeSelector: {{ toJson .Values.nodeSelector }}
{{- with .Values.affinity }}
affinity: {{ toJson . }}
{{- end }}
securityContext:
  seccompProfile: { type: RuntimeDefault }
  appArmorProfile: {{ toJson .Values.appArmorProfile }}
{{- end -}}

{{- define "portfence.nodeVolumes" -}}
- name: tmp
  emptyDir: { medium: Memory, sizeLimit: 16Mi }
{{- if eq .kind "state" }}
- name: state
  hostPath: { path: /run/portfence, type: DirectoryOrCreate }
{{- else }}
- name: run
  hostPath: { path: /run, type: Directory }
{{- end }}
- name: xtables-lock
  hostPath: { path: /run/xtables.lock, type: FileOrCreate }
- name: netns
  hostPath: { path: /run/netns, type: DirectoryOrCreate }
- name: settings
  hostPath: { path: /proc/sys/net, type: Directory }
{{- end -}}

{{- define "portfence.policyVolume" -}}
- name: policy
  configMap: { name: {{ include "portfence.name" . }}-policy }
{{- end -}}
