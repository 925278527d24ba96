import {
  AmbientLight,
  BufferGeometry,
  Color,
  CylinderGeometry,
  DirectionalLight,
  GridHelper,
  Line,
  LineBasicMaterial,
  Mesh,
  MeshBasicMaterial,
  MeshLambertMaterial,
  Object3D,
  PerspectiveCamera,
  Scene,
  SphereGeometry,
  Vector3,
  WebGLRenderer,
} from 'three';
import { OrbitControls } from 'three/addons/controls/OrbitControls.js';
import URDFLoader, { type URDFRobot } from 'urdf-loader';
import { make } from './dom.js';
import type { ActionChunk, ActionPrediction, JointState, JointTrajectory, PointCloud } from './messages.js';
import type { Painter } from './painter.js';
import { CloudView } from './point-cloud.js';
import { distance, Posture } from './posture.js';

/** A plan that is older is not shown, ms. */
const PLAN_AGE = 1000;
/** One that ends closer to where the robot is has nothing to show, rad. */
const SAME = 1e-2;
/** Height of base_link above the floor while the robot stands, m. */
const FLOOR = -1.02;
/** URDF shapes are unit shapes, scaled; these have fewer faces than the loader's. */
const SPHERE = new SphereGeometry(1, 14, 10);
const CYLINDER = new CylinderGeometry(1, 1, 1, 14);

/** Pixels drawn for one of the page along each axis, where a processor draws. */
const SOFTWARE_RATIO = 0.75;

interface Marker {
  readonly body: Mesh;
  readonly label: HTMLElement;
}

/** The robot in three dimensions, in the axes of base_link: as measured, as planned, and what it knows of objects. */
export class RobotView {
  readonly #software: boolean;
  readonly #box: HTMLElement;
  readonly #painter: Painter;
  readonly #renderer: WebGLRenderer;
  readonly #scene = new Scene();
  readonly #camera = new PerspectiveCamera(40, 1, 0.05, 30);
  readonly #path = new Line(new BufferGeometry(), new LineBasicMaterial({ color: 0xff8a1f }));
  readonly #markers = new Map<string, Marker>();
  readonly #cloud = new CloudView();
  #robot: URDFRobot | undefined;
  #ghost: URDFRobot | undefined;
  readonly #measured = new Posture();
  readonly #planned = new Posture();
  #plannedAt = -Infinity;
  /** Something other than a joint is to be drawn anew. */
  #changed = true;

  /** @param box element to fill @param software whether a processor draws */
  constructor(box: HTMLElement, painter: Painter, software: boolean) {
    this.#box = box;
    this.#painter = painter;
    this.#software = software;
    this.#renderer = new WebGLRenderer({ antialias: !software, alpha: true });
    box.append(this.#renderer.domElement);
    Object3D.DEFAULT_UP.set(0, 0, 1);
    this.#camera.up.set(0, 0, 1);
    this.#camera.position.set(2.35, 1.65, 0.75);
    const controls = new OrbitControls(this.#camera, this.#renderer.domElement);
    controls.target.set(0.12, 0, -0.13);
    controls.addEventListener('change', () => this.#draw());
    controls.update();
    const sun = new DirectionalLight(0xffffff, 2.2);
    sun.position.set(2, 1.5, 3);
    const floor = new GridHelper(4, 16, 0x8a94a0, 0x8a94a0);
    floor.rotation.x = Math.PI / 2;
    floor.position.z = FLOOR;
    floor.material.transparent = true;
    floor.material.opacity = 0.35;
    this.#scene.add(new AmbientLight(0xffffff, 1.4), sun, floor, this.#path, this.#cloud.points);
    new ResizeObserver(() => this.#resize()).observe(box);
    this.#resize();
  }

  /** @param urdf text of robot_description */
  describe(urdf: string): void {
    for (const old of [this.#robot, this.#ghost]) if (old !== undefined) this.#scene.remove(old);
    this.#robot = new URDFLoader().parse(urdf);
    this.#ghost = this.#robot.clone() as URDFRobot;
    const ghostly = new MeshBasicMaterial({ color: 0x3b82f6, transparent: true, opacity: 0.35, depthWrite: false });
    // Behind the robot where both are at the same place.
    Object.assign(ghostly, { polygonOffset: true, polygonOffsetFactor: 4, polygonOffsetUnits: 4 });
    for (const robot of [this.#robot, this.#ghost]) {
      robot.traverse((part) => {
        if (!(part instanceof Mesh)) return;
        if (part.geometry.type === 'SphereGeometry') part.geometry = SPHERE;
        if (part.geometry.type === 'CylinderGeometry') part.geometry = CYLINDER;
        const { color } = part.material as MeshLambertMaterial;
        part.material =
          robot === this.#ghost ? ghostly : new MeshLambertMaterial({ color: color ?? new Color('grey') });
      });
      this.#scene.add(robot);
    }
    this.#measured.forget();
    this.#planned.forget();
    this.#draw();
  }

  /** Takes in what was measured. @param read reads the message */
  measure(read: () => JointState): void {
    this.#measured.take(() => {
      const { name: names, position: positions } = read();
      return { names, positions };
    });
    this.#look();
  }

  /** Takes a plan in, of which the end is shown. @param read reads the message */
  plan(read: () => JointTrajectory): void {
    this.#planned.take(() => {
      const { joint_names: names, points } = read();
      const last = points.at(-1);
      return last && { names, positions: last.positions };
    });
    this.#plannedAt = performance.now();
    this.#look();
  }

  /** Where the hand is to go. */
  aim({ poses }: ActionChunk): void {
    this.#path.geometry.setFromPoints(poses.map(({ position: { x, y, z } }) => new Vector3(x, y, z)));
    this.#path.geometry.computeBoundingSphere();
    this.#draw();
  }

  /** What the cameras see, as points; undefined: not shown. @returns how many they are */
  showPoints(cloud: PointCloud | undefined): number {
    this.#cloud.show(cloud);
    this.#draw();
    return this.#cloud.count;
  }

  /** Objects, as spheres of two standard deviations of their position. */
  believe({ objects }: ActionPrediction): void {
    for (const [name, { body, label }] of this.#markers) {
      if (objects.some((object) => object.name === name)) continue;
      this.#scene.remove(body);
      label.remove();
      this.#markers.delete(name);
    }
    for (const { name, pose, position_deviation: deviation } of objects) {
      let marker = this.#markers.get(name);
      if (marker === undefined) {
        const material = new MeshBasicMaterial({ color: 0xff8a1f, transparent: true, opacity: 0.5 });
        marker = { body: new Mesh(SPHERE, material), label: make('span', `label label-${this.#markers.size % 2}`) };
        this.#scene.add(marker.body);
        this.#box.append(marker.label);
        this.#markers.set(name, marker);
      }
      const { x, y, z } = pose.position;
      marker.body.position.set(x, y, z);
      marker.body.scale.setScalar(Math.max(2 * deviation, 0.01));
      marker.label.textContent = `${name} ± ${(100 * deviation).toFixed(1)} cm`;
    }
    this.#draw();
  }

  #resize(): void {
    const { clientWidth: width, clientHeight: height } = this.#box;
    this.#renderer.setPixelRatio(Math.min(devicePixelRatio, this.#software ? SOFTWARE_RATIO : 2));
    this.#renderer.setSize(width, height);
    this.#camera.aspect = width / Math.max(height, 1);
    this.#camera.updateProjectionMatrix();
    // At once: what was drawn is gone with the size.
    this.#render();
  }

  #draw(): void {
    this.#changed = true;
    this.#look();
  }

  /** When a picture is due, it is drawn if there is anything new to see by then. */
  #look(): void {
    this.#painter.request(this, () => {
      this.#pose();
      if (this.#changed) this.#render();
    });
  }

  #pose(): void {
    const [robot, ghost] = [this.#robot, this.#ghost];
    if (robot === undefined || ghost === undefined) return;
    const moved = this.#measured.apply(robot);
    const planned = this.#planned.apply(ghost);
    const visible = performance.now() < this.#plannedAt + PLAN_AGE && distance(robot, ghost) > SAME;
    this.#changed ||= moved || (planned && visible) || visible !== ghost.visible;
    ghost.visible = visible;
  }

  #render(): void {
    this.#changed = false;
    this.#renderer.render(this.#scene, this.#camera);
    for (const { body, label } of this.#markers.values()) {
      const { x, y } = body.position.clone().project(this.#camera);
      label.style.left = `${(50 * (1 + x)).toFixed(1)}%`;
      label.style.top = `${(50 * (1 - y)).toFixed(1)}%`;
    }
  }
}

/** Whether there is no graphics hardware, as far as the browser tells: everything drawn then takes time from the keys. */
export function drawsByProcessor(): boolean {
  const context = document.createElement('canvas').getContext('webgl2');
  const names = context?.getExtension('WEBGL_debug_renderer_info');
  if (context == null || names == null) return false;
  const device = String(context.getParameter(names.UNMASKED_RENDERER_WEBGL));
  context.getExtension('WEBGL_lose_context')?.loseContext();
  return /swiftshader|llvmpipe|software/i.test(device);
}
