#!/bin/busybox sh
# The emulated board's first process: file systems, modules, the data partition, a network where there is one; then /etc/run.
/bin/busybox mkdir -p /proc /sys /dev /run /tmp /data /sbin /usr/sbin
/bin/busybox --install -s
export PATH=/bin:/sbin:/usr/bin:/usr/sbin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
exec </dev/console >/dev/console 2>&1
mount -t tmpfs -o size=16m tmpfs /tmp
mount -t tmpfs -o size=4m,mode=755 tmpfs /run
mount -t cgroup2 cgroup2 /sys/fs/cgroup
for m in $(cat /etc/modules); do insmod /lib/modules/$m.ko || echo "INSMOD $m failed"; done
ip link set lo up
i=0; while [ ! -b /dev/vda ] && [ $i -lt 50 ]; do usleep 100000; i=$((i+1)); done
mount -t ext4 -o noatime,errors=remount-ro,commit=5 /dev/vda /data || {
  # As where the root is read-only: the place is there, and nothing can be written to it.
  echo "DATA cannot be mounted"; mount -t tmpfs -o ro tmpfs /data
}
if [ -d /sys/class/net/eth0 ]; then
  ip addr add 10.0.2.15/24 dev eth0; ip link set eth0 up; ip route add default via 10.0.2.2
fi
echo "READY $(cut -d' ' -f1 /proc/uptime) s after the kernel, $(date -u +%Y-%m-%dT%H:%M:%S)"
sh /etc/run; echo "RC=$?"
umount /data || mount -o remount,ro /data
poweroff -f
